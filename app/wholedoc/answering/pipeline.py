"""One question to documents that have been read: score, choose, attribute, cite, answer."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, replace

from parallelcomp import AnswerState, Beginning, ChunkScore, CopyingState, Engine, Question, Selection, WindowError

from ..answer import Answer, Citation, Cited, Done, Event, Scored, ScoredChunk, Scoring, Timings, Token, Usage
from ..conversation import Turn
from ..errors import QuestionError
from ..models.text_model import TextModel
from ..reading.corpus import Corpus
from ..settings import SMALL_MODEL, AnswerFrom, Settings
from .abstention import explains
from .citations import cite
from .passages import Passage, best_passages, contenders, rerank
from .quoting import Vocabulary, common_words, sources
from .shared_words import shared_words
from .wording import Wording
from .writing import Writing

Cancel = Callable[[], bool]
NOT_FOUND = "Not found: the document does not seem to answer this."
# A small model that is given the first word of its answer comes to the point: of the sample questions, 65 % are
# answered right from the best passage with this word, and 58 % without it.
ANSWER_PREFIX = "Answer:"


@dataclass(frozen=True)
class Scores:
    """The scores of chunks from a pass with other questions. `seconds` is this question's share of its time."""

    chunks: tuple[ChunkScore, ...]
    seconds: float


@dataclass(frozen=True)
class Asking:
    """A question, with the documents that it goes to, the model that answers, and the settings.

    The `instructions` are used where the answer is written. Chunks are scored without them, so they cost nothing
    per chunk. `scores` are given if they were made together with other questions.
    """

    engine: Engine
    model: TextModel
    corpus: Corpus
    text: str
    settings: Settings
    history: tuple[Turn, ...] = ()
    instructions: str = ""
    stop: tuple[str, ...] = ()
    cancelled: Cancel | None = None
    scores: Scores | None = None

    @property
    def answer_from(self) -> AnswerFrom:
        small = self.model.parameters < SMALL_MODEL
        return self.settings.answer_from or (AnswerFrom.QUOTE if small else AnswerFrom.CONTEXT)

    @property
    def max_new_tokens(self) -> int:
        return self.settings.sampling.max_new_tokens

    def question(self, *, instructed: bool = False, answer_prefix: str = "") -> Question:
        """Return the question's tokens after the earlier turns. `answer_prefix` is how the answer begins.

        Raises QuestionError if the question is empty or the text before it is too long, and WindowError if the
        question alone is too long.
        """
        if not self.text.strip():
            raise QuestionError("the question is empty: write one")
        prompt, tokenizer = self.model.prompt, self.model.tokenizer
        self.engine.check_question(prompt.question(tokenizer, self.text.strip()), self.max_new_tokens)
        instructions = self.instructions.strip() if instructed else ""
        question = prompt.question(tokenizer, self.text.strip(), self.history, instructions, answer_prefix)
        try:
            self.engine.check_question(question, self.max_new_tokens)
        except WindowError as error:
            raise QuestionError(
                f"{'instructions and conversation take' if instructions else 'the conversation has grown to'} "
                f"{len(question.preamble):,} tokens, which with a chunk of the document fills the model's window "
                f"of {self.engine.spec.window:,}: {'shorten them' if instructions else 'start a new conversation'}"
            ) from error
        return question

    def check(self) -> None:
        """Raise QuestionError or WindowError if this cannot be asked, whatever the documents."""
        self.question(
            instructed=True, answer_prefix="" if self.answer_from is AnswerFrom.CONTEXT else ANSWER_PREFIX
        )


def answer(asking: Asking) -> Generator[Event, None, None]:
    """Answer a question that was checked: yields Scoring, Scored, Cited, Tokens and Done. Raises Cancelled."""
    engine, corpus = asking.engine, asking.corpus
    question = asking.question()
    started = time.perf_counter() - (asking.scores.seconds if asking.scores else 0.0)
    alone = engine.score_without_document(question)
    scores = list(asking.scores.chunks) if asking.scores else (yield from _score(asking, question))
    kept = engine.select(corpus.chunks, iter(scores))
    scored = _scored_chunks(corpus, scores, kept, sum(alone) / len(alone))
    scored_s = time.perf_counter() - started
    yield Scored(scored, scored_s)

    citations: tuple[Citation, ...] = ()
    kept_tokens = 0
    tokens: Iterator[int] | None = None
    if any(explains(score.token_nll, alone, asking.settings.found_margin) for score in scores):
        selection, passages = _attribute(asking, question, kept)
        kept_tokens = selection.context.kept_tokens
        citations = cite(corpus, passages)
        yield Cited(citations, lead=asking.answer_from is not AnswerFrom.CONTEXT)
        tokens = _generate(asking, selection, passages)
    usage = Usage(corpus.tokens, corpus.cached_tokens, kept_tokens, len(question.ids), 0)
    yield from tell(asking, Found(started, scored_s, citations, scored, usage), tokens)


@dataclass(frozen=True)
class Found:
    """What is known when an answer begins.

    `started` is a time of `time.perf_counter`; the chunks were scored `scored_s` seconds later. `usage` does not
    count the answer's own tokens yet.
    """

    started: float
    scored_s: float
    citations: tuple[Citation, ...]
    chunks: tuple[ScoredChunk, ...]
    usage: Usage


def tell(asking: Asking, found: Found, tokens: Iterator[int] | None) -> Generator[Token | Done, None, None]:
    """Yield the Tokens of the answer and Done. `tokens` is None if the documents do not answer the question."""
    writing = Writing(asking.model.tokenizer, asking.stop, one_line=asking.answer_from is AnswerFrom.QUOTE)
    for piece in [NOT_FOUND] if tokens is None else writing.pieces(tokens):
        yield Token(piece)
    text = NOT_FOUND if tokens is None else writing.text.strip()
    first_s = found.scored_s if writing.shown_at is None else writing.shown_at - found.started
    timings = Timings(found.scored_s, first_s, time.perf_counter() - found.started)
    ids = tuple(writing.token_ids)
    yield Done(
        Answer(
            asking.text,
            text,
            tokens is not None,
            ids,
            found.citations,
            found.chunks,
            replace(found.usage, answer_tokens=len(ids)),
            timings,
            writing.cut_short(asking.max_new_tokens),
        )
    )


def _score(asking: Asking, question: Question) -> Generator[Scoring, None, list[ChunkScore]]:
    engine, corpus = asking.engine, asking.corpus
    memory = engine.plan(corpus.tokens, question_tokens=len(question.all_ids))
    scores: list[ChunkScore] = []
    for score in engine.score(corpus.chunks, question, memory, asking.cancelled):
        scores.append(score)
        yield Scoring(len(scores), len(corpus.chunks))
    return _with_words(asking, question, scores)


def _with_words(asking: Asking, question: Question, scores: Sequence[ChunkScore]) -> list[ChunkScore]:
    """Return the scores with what the question's words say for each chunk."""
    # A question that follows another one often leaves out that one's words.
    said = " ".join([*(turn.question for turn in asking.history[-1:]), asking.text])
    words = shared_words(said, asking.corpus.words)
    return [replace(score, prior=words[score.index] / len(question.ids)) for score in scores]


def score_together(askings: Sequence[Asking]) -> Generator[Scoring, None, list[Asking]]:
    """Score the chunks by several questions to the same documents, reading each chunk once for all of them.

    Raises Cancelled."""
    started = time.perf_counter()
    first = askings[0]
    engine, corpus = first.engine, first.corpus
    questions = [asking.question() for asking in askings]
    memory = engine.plan(corpus.tokens, question_tokens=max(len(question.all_ids) for question in questions))
    by_chunk: list[list[ChunkScore]] = []
    for scores in engine.score_many(corpus.chunks, questions, memory, first.cancelled):
        by_chunk.append(scores)
        yield Scoring(len(by_chunk), len(corpus.chunks))
    share = (time.perf_counter() - started) / len(askings)
    return [
        replace(asking, scores=Scores(tuple(_with_words(asking, question, scores)), share))
        for asking, question, scores in zip(askings, questions, zip(*by_chunk, strict=True), strict=True)
    ]


def _attribute(asking: Asking, question: Question, kept: Sequence[ChunkScore]) -> tuple[Selection, list[Passage]]:
    """Compose the kept chunks, rank passages by the question's attention, and rescore the best."""
    engine, corpus = asking.engine, asking.corpus
    asked = asking.question(instructed=asking.answer_from is AnswerFrom.CONTEXT)
    selection = engine.compress(corpus.chunks, kept, asked, asking.max_new_tokens, asking.cancelled)
    observer = engine.attribution_observer(selection)
    selection = engine.attribute(selection, observer, asking.cancelled)
    attention = observer.by_token(corpus.tokens).numpy()
    passages = best_passages(corpus, kept, attention, asking.settings.citations)
    return selection, rescore_closest(asking, question, passages)


def rescore_closest(asking: Asking, question: Question, passages: list[Passage]) -> list[Passage]:
    """Rank the passages anew by how well each alone explains the question, unless the first leads clearly."""
    close = contenders(passages)
    if not close:
        return passages
    spans = [passage.chunk(asking.corpus) for passage in close]
    return rerank(passages, asking.engine.rescore_spans(spans, question, asking.cancelled))


def answer_context(asking: Asking, kept: Sequence[ChunkScore]) -> Selection:
    """Return what the answer is written from if these chunks stay. It serves to measure how likely an answer is.

    Raises QuestionError, WindowError and Cancelled.
    """
    return _writing_from(asking, *_attribute(asking, asking.question(), kept))


def _generate(asking: Asking, selection: Selection, passages: Sequence[Passage]) -> Iterator[int]:
    """Return an iterator over the answer's token ids."""
    writing_from = _writing_from(asking, selection, passages)
    if writing_from is selection:
        sampling, stop_ids = asking.settings.sampling, asking.model.stop_ids
        return asking.engine.generate(selection, sampling, stop_ids, cancelled=asking.cancelled)
    return written(asking, writing_from, passages)


def _writing_from(asking: Asking, selection: Selection, passages: Sequence[Passage]) -> Selection:
    """Return the best passages, read again, if the answer is made from those, else the selection itself."""
    if asking.answer_from is AnswerFrom.CONTEXT or not passages:
        return selection
    return reread(asking, passages)


def reread(asking: Asking, passages: Sequence[Passage]) -> Selection:
    """Read the best passages again, alone, with the question and the beginning of an answer after them."""
    chosen = _chosen(asking, passages)
    opened = asking.question(instructed=True, answer_prefix=ANSWER_PREFIX)
    if len(chosen) == 1 and chosen[0].read is not None:
        return asking.engine.alone(chosen[0].read, opened, asking.max_new_tokens)
    chunks = [passage.chunk(asking.corpus) for passage in chosen]
    return asking.engine.reread(chunks, opened, asking.max_new_tokens, asking.cancelled)


def written(asking: Asking, again: Selection, passages: Sequence[Passage]) -> Iterator[int]:
    """Return the token ids of an answer from passages that were read again.

    It ends at the end of its first line.
    """
    if asking.answer_from is AnswerFrom.QUOTE:
        return _in_their_words(asking, again, passages)
    stop_ids = asking.model.stop_ids | asking.model.line_ends
    return asking.engine.generate(again, asking.settings.sampling, stop_ids, cancelled=asking.cancelled)


def _in_their_words(asking: Asking, again: Selection, passages: Sequence[Passage]) -> Iterator[int]:
    """Yield what the model writes in the words of the passages if it tells something, else what it quotes."""
    model, corpus, sampling = asking.model, asking.corpus, asking.settings.sampling
    chosen = _chosen(asking, passages)
    common = common_words([one.tokenized.document.text for one in corpus.documents])
    vocabulary = Vocabulary.of(corpus, chosen, asking.text, common)
    closing = model.stop_ids | model.line_ends
    stop_id = min(model.stop_ids or closing)

    def generate(state: AnswerState, ends: frozenset[int]) -> Iterator[int]:
        return asking.engine.generate(replace(again, state=state), sampling, ends, cancelled=asking.cancelled)

    beginning = Beginning(again.state)
    wording = Wording(beginning, vocabulary, model.decode, closing, stop_id)
    ids = list(generate(wording, closing))
    if not wording.lost and vocabulary.tells(model.decode(ids)):
        yield from ids
        return
    beginning.rewind()
    quotable = [one for passage in chosen for one in sources(corpus, passage, asking.text, common)]
    yield from generate(CopyingState(beginning, quotable, closing, stop_id), frozenset({stop_id}))


def _chosen(asking: Asking, passages: Sequence[Passage]) -> list[Passage]:
    """Return the passages that are read again, in the document's order."""
    return sorted(passages[: asking.settings.passages], key=lambda passage: passage.first)


def _scored_chunks(
    corpus: Corpus, scores: Sequence[ChunkScore], kept: Sequence[ChunkScore], baseline: float
) -> tuple[ScoredChunk, ...]:
    stay = {score.index for score in kept}
    scored: list[ScoredChunk] = []
    for score in sorted(scores, key=lambda one: one.index):
        chunk = corpus.chunks[score.index].chunk
        document, offset = corpus.locate(chunk.start)
        tokenized = corpus.documents[document].tokenized
        first, last = tokenized.pages[offset], tokenized.pages[offset + len(chunk) - 1]
        scored.append(
            ScoredChunk(
                tokenized.document.id,
                (int(first) + 1, int(last) + 1),
                len(chunk),
                score.nll,
                baseline - score.nll,
                score.index in stay,
            )
        )
    return tuple(scored)
