"""One answer in the making: from the library's events to OpenAI's objects."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field

from ...answer import Answer, Citation, Done, Event, Reading, Scoring, Token
from .responses import (
    Annotation,
    AnswerMessage,
    ChatCompletion,
    ChatCompletionChunk,
    Choice,
    ChunkChoice,
    CompletionTimings,
    CompletionUsage,
    Delta,
    FileCitation,
    FinishReason,
    Progress,
    PromptDetails,
)

# Progress is told at most this often, in seconds: nobody reads faster.
PROGRESS_S = 0.1


@dataclass
class Trimmed:
    """Text that arrives in pieces, without the white space around it."""

    held: str = ""
    begun: bool = False

    def add(self, piece: str) -> str:
        """What of the text is certain to be shown."""
        text = self.held + piece
        if not self.begun:
            text = text.lstrip()
            self.begun = bool(text)
        shown = text.rstrip()
        self.held = text[len(shown) :]
        return shown


@dataclass
class Completion:
    """What is common to all pieces of one answer. `progress`: tell how far reading is; `usage`: end with what the
    answer took. Every event goes through `note` first."""

    model: str
    queue_s: float
    progress: bool = True
    usage: bool = False
    id: str = field(default_factory=lambda: f"chatcmpl-{uuid.uuid4().hex}")
    created: int = field(default_factory=lambda: int(time.time()))
    started: float = field(default_factory=time.monotonic)
    _told: float = 0.0
    _first: float | None = None
    _text: Trimmed = field(default_factory=Trimmed)

    @property
    def first_token_s(self) -> float | None:
        """Seconds until the first token; None as long as there is none."""
        return None if self._first is None else self._first - self.started

    def note(self, event: Event) -> None:
        """See when the first token that shows comes."""
        if self._first is None and ((isinstance(event, Token) and event.text.strip()) or isinstance(event, Done)):
            self._first = time.monotonic()

    def opening(self) -> ChatCompletionChunk:
        """The first chunk: who speaks."""
        return self._chunk(Delta(role="assistant", content=""))

    def chunks(self, event: Event) -> Iterator[ChatCompletionChunk]:
        """What a client is told of an event."""
        if isinstance(event, Token):
            if shown := self._text.add(event.text):
                yield self._chunk(Delta(content=shown))
        elif isinstance(event, Done):
            yield from self._end(event.answer)
        elif isinstance(event, Reading | Scoring) and self.progress:
            progress = self._progress(event)
            if time.monotonic() - self._told >= PROGRESS_S or progress.processed == progress.total:
                self._told = time.monotonic()
                chunk = self._chunk(Delta())
                chunk.prompt_progress = progress
                yield chunk

    def whole(self, answer: Answer) -> ChatCompletion:
        """The answer in one piece."""
        message = AnswerMessage(content=answer.text, annotations=annotations_of(answer), found=answer.found)
        return ChatCompletion(
            id=self.id,
            created=self.created,
            model=self.model,
            choices=[Choice(message=message, finish_reason=_reason(answer))],
            usage=usage_of(answer),
            timings=self._timings(answer),
        )

    def _end(self, answer: Answer) -> Iterator[ChatCompletionChunk]:
        last = self._chunk(Delta(annotations=annotations_of(answer), found=answer.found), _reason(answer))
        last.timings = self._timings(answer)
        yield last
        if self.usage:
            counted = self._chunk(Delta())
            counted.choices = []
            counted.usage = usage_of(answer)
            yield counted

    def _chunk(self, delta: Delta, reason: FinishReason | None = None) -> ChatCompletionChunk:
        chunk = ChatCompletionChunk(
            id=self.id,
            object="chat.completion.chunk",
            created=self.created,
            model=self.model,
            choices=[ChunkChoice(index=0, delta=delta, finish_reason=reason)],
        )
        if self.usage:
            chunk.usage = None  # as OpenAI does: it comes in the last chunk
        return chunk

    def _progress(self, event: Reading | Scoring) -> Progress:
        passed = round(1000 * (time.monotonic() - self.started))
        if isinstance(event, Scoring):
            return Progress(
                phase="scoring", file_id=None, total=event.total, cache=0, processed=event.done, time_ms=passed
            )
        return Progress(
            phase="reading",
            file_id=event.document_id,
            total=event.total_tokens,
            cache=event.cached_tokens,
            processed=event.tokens,
            time_ms=passed,
        )

    def _timings(self, answer: Answer) -> CompletionTimings:
        used, took = answer.usage, answer.timings
        first_s = self.first_token_s or 0.0
        return CompletionTimings(
            cache_n=used.cached_tokens,
            prompt_n=used.document_tokens - used.cached_tokens + used.question_tokens,
            prompt_ms=_ms(first_s),
            score_ms=_ms(took.score_s),
            predicted_n=used.answer_tokens,
            predicted_ms=_ms(time.monotonic() - self.started - first_s),
            first_token_ms=_ms(took.first_token_s),
            queue_ms=_ms(self.queue_s),
        )


def annotations_of(answer: Answer) -> list[Annotation]:
    """The answer's citations, the best first."""
    asked = list(dict.fromkeys(chunk.document_id for chunk in answer.chunks))
    return [Annotation(type="file_citation", file_citation=_file_citation(one, asked)) for one in answer.citations]


def usage_of(answer: Answer) -> CompletionUsage:
    """The answer's tokens."""
    used = answer.usage
    prompt = used.document_tokens + used.question_tokens
    return CompletionUsage(
        prompt_tokens=prompt,
        completion_tokens=used.answer_tokens,
        total_tokens=prompt + used.answer_tokens,
        prompt_tokens_details=PromptDetails(cached_tokens=used.cached_tokens, kept_tokens=used.kept_tokens),
    )


def _file_citation(citation: Citation, asked: list[str]) -> FileCitation:
    return FileCitation(
        file_id=citation.document_id,
        filename=citation.document,
        index=asked.index(citation.document_id),
        page=citation.page,
        page_label=citation.page_label,
        quote=citation.quote,
        score=citation.score,
    )


def _reason(answer: Answer) -> FinishReason:
    return "length" if answer.cut_short else "stop"


def _ms(seconds: float) -> float:
    return round(1000 * seconds, 1)
