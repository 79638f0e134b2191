"""Turns the library's events of one answer into OpenAI's objects."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ...answer import Answer, AskingParts, Citation, Done, Event, Reading, Scoring, Token
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
    SourcedSentence,
)

# The shortest time between two progress chunks, in seconds.
PROGRESS_S = 0.1


@dataclass
class StreamTrimmer:
    """Removes the white space around a text that arrives in pieces."""

    held: str = ""
    begun: bool = False

    def add(self, piece: str) -> str:
        """Returns the text that can be shown now. White space at its end is held back until more text follows."""
        text = self.held + piece
        if not self.begun:
            text = text.lstrip()
            self.begun = bool(text)
        shown = text.rstrip()
        self.held = text[len(shown) :]
        return shown


@dataclass
class Completion:
    """Builds the response to one request, whole or in chunks. Every event must go through `observe` first.

    `queue_s` are the seconds that the request waited. With `progress` the chunks say how far reading has come; with
    `usage` a last chunk carries the token counts.
    """

    model: str
    queue_s: float
    progress: bool = True
    usage: bool = False
    id: str = field(default_factory=lambda: f"chatcmpl-{uuid.uuid4().hex}")
    created: int = field(default_factory=lambda: int(time.time()))
    started: float = field(default_factory=time.monotonic)
    _last_progress: float = 0.0
    _first_token: float | None = None
    _trimmer: StreamTrimmer = field(default_factory=StreamTrimmer)

    @property
    def first_token_s(self) -> float | None:
        """Seconds from the start to the first token, or None before it has come."""
        return None if self._first_token is None else self._first_token - self.started

    def observe(self, event: Event) -> None:
        """Record the time of the first visible token."""
        visible = isinstance(event, Done) or (isinstance(event, Token) and bool(event.text.strip()))
        if self._first_token is None and visible:
            self._first_token = time.monotonic()

    def first_chunk(self) -> ChatCompletionChunk:
        """Returns the chunk that begins a stream and names the role."""
        return self._chunk(Delta(role="assistant", content=""))

    def chunks(self, event: Event) -> Iterator[ChatCompletionChunk]:
        """Yields the chunks that tell a client about an event."""
        if isinstance(event, Token):
            if shown := self._trimmer.add(event.text):
                yield self._chunk(Delta(content=shown))
        elif isinstance(event, Done):
            yield from self._last_chunks(event.answer)
        elif isinstance(event, Reading | Scoring | AskingParts) and self.progress:
            progress = self._progress(event)
            if time.monotonic() - self._last_progress >= PROGRESS_S or progress.processed == progress.total:
                self._last_progress = time.monotonic()
                chunk = self._chunk(Delta())
                chunk.prompt_progress = progress
                yield chunk

    def response(self, answer: Answer) -> ChatCompletion:
        """Returns the response that carries the whole answer."""
        message = AnswerMessage(content=answer.text, **_evidence(answer))
        return ChatCompletion(
            id=self.id,
            created=self.created,
            model=self.model,
            choices=[Choice(message=message, finish_reason=_reason(answer))],
            usage=usage_of(answer),
            timings=self._timings(answer),
        )

    def _last_chunks(self, answer: Answer) -> Iterator[ChatCompletionChunk]:
        last = self._chunk(Delta(**_evidence(answer)), _reason(answer))
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
            chunk.usage = None  # null until the last chunk, as OpenAI sends it
        return chunk

    def _progress(self, event: Reading | Scoring | AskingParts) -> Progress:
        elapsed_ms = round(1000 * (time.monotonic() - self.started))
        left = (
            None if isinstance(event, Scoring) or event.seconds_left is None else round(1000 * event.seconds_left)
        )
        if not isinstance(event, Reading):
            return Progress(
                phase="scoring" if isinstance(event, Scoring) else "asking",
                file_id=None,
                total=event.total,
                cache=0,
                processed=event.done,
                time_ms=elapsed_ms,
                left_ms=left,
            )
        return Progress(
            phase="reading",
            file_id=event.document_id,
            total=event.total_tokens,
            cache=event.cached_tokens,
            processed=event.tokens,
            time_ms=elapsed_ms,
            left_ms=left,
        )

    def _timings(self, answer: Answer) -> CompletionTimings:
        used, took = answer.usage, answer.timings
        first_s = self.first_token_s or 0.0
        return CompletionTimings(
            cache_n=used.cached_tokens,
            prompt_n=used.document_tokens - used.cached_tokens + used.question_tokens,
            prompt_ms=_ms(first_s),
            score_ms=_ms(took.score_s),
            cited_ms=None if took.cited_s is None else _ms(took.cited_s),
            predicted_n=used.answer_tokens,
            predicted_ms=_ms(time.monotonic() - self.started - first_s),
            first_token_ms=_ms(took.first_token_s),
            queue_ms=_ms(self.queue_s),
        )


def annotations_of(answer: Answer) -> list[Annotation]:
    """Returns the answer's citations, best first."""
    of_chunks = dict.fromkeys(chunk.document_id for chunk in answer.chunks)
    asked = list(of_chunks if answer.everywhere is None else answer.everywhere.documents)
    return [Annotation(type="file_citation", file_citation=_file_citation(one, asked)) for one in answer.citations]


def _evidence(answer: Answer) -> dict[str, Any]:
    """Return what a message says about its content besides the content itself."""
    return {
        "annotations": annotations_of(answer),
        "found": answer.found,
        "support": answer.support,
        "unsupported": list(answer.unsupported),
        "sources": [
            SourcedSentence(start=one.start, stop=one.stop, annotations=list(one.citations))
            for one in answer.sources
        ],
        **({} if answer.everywhere is None else {"everywhere": answer.everywhere}),
    }


def usage_of(answer: Answer) -> CompletionUsage:
    """Returns the answer's token counts."""
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
