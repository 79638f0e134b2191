"""One question to documents that have been read: score, choose, look, cite, answer."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, replace

from parallelcomp import ChunkScore, Engine, Question, Selection, WindowError

from .answer import Answer, Citation, Cited, Done, Event, Scored, ScoredChunk, Scoring, Timings, Token, Usage
from .citations import cite
from .conversation import Turn
from .corpus import Corpus
from .errors import QuestionError
from .passages import Passage, best_passages, contenders, rerank
from .settings import SMALL_MODEL, AnswerFrom, Settings
from .text_model import TextModel
from .writing import Writing

Cancel = Callable[[], bool]
NOT_FOUND = "Not found: the document does not seem to answer this."
# A small model that is given the first word of its answer comes to the point: on the sample questions, answers from
# the best passage are right for 65 % with it and for 58 % without.
OPENING = "Answer:"


@dataclass(frozen=True)
class Scores:
    """What chunks were scored in a pass with other questions; `seconds` is this question's share of its time."""

    chunks: tuple[ChunkScore, ...]
    seconds: float


@dataclass(frozen=True)
class Asking:
    """One question on its way: what to ask with, of what, and how.

    The `instructions` are heard where the answer is written; chunks are scored without them, at no cost for them.
    `scores` are there already if they were made with other questions together.
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
        return self.settings.answer_from or (AnswerFrom.PASSAGES if small else AnswerFrom.CONTEXT)

    @property
    def max_new_tokens(self) -> int:
        return self.settings.sampling.max_new_tokens

    def question(self, *, instructed: bool = False, opening: str = "") -> Question:
        """The question in its place after the turns before; `opening` are the answer's first words.

        Raises QuestionError if there is no question or what stands before it has grown too long, WindowError if
        the question alone is.
        """
        if not self.text.strip():
            raise QuestionError("the question is empty: write one")
        prompt, tokenizer = self.model.prompt, self.model.tokenizer
        self.engine.check_question(prompt.question(tokenizer, self.text.strip()), self.max_new_tokens)
        instructions = self.instructions.strip() if instructed else ""
        question = prompt.question(tokenizer, self.text.strip(), self.history, instructions, opening)
        try:
            self.engine.check_question(question, self.max_new_tokens)
        except WindowError as error:
            raise QuestionError(
                f"{'instructions and conversation take' if instructions else 'the conversation has grown to'} "
                f"{len(question.lead):,} tokens, which with a chunk of the document fills the model's window of "
                f"{self.engine.spec.window:,}: {'shorten them' if instructions else 'start a new conversation'}"
            ) from error
        return question

    def check(self) -> None:
        """Raise QuestionError or WindowError if this cannot be asked, whatever the documents."""
        self.question(instructed=True, opening=OPENING if self.answer_from is AnswerFrom.PASSAGES else "")


def answer(asking: Asking) -> Generator[Event, None, None]:
    """Yield Scoring, Scored, Cited, Tokens and Done, of a question that was checked. Raises Cancelled."""
    engine, corpus = asking.engine, asking.corpus
    question = asking.question()
    started = time.perf_counter() - (asking.scores.seconds if asking.scores else 0.0)
    baseline = engine.score_without_document(question)
    scores = list(asking.scores.chunks) if asking.scores else (yield from _score(asking, question))
    kept = engine.select(corpus.chunks, iter(scores))
    scored = _scored_chunks(corpus, scores, kept, baseline)
    scored_s = time.perf_counter() - started
    yield Scored(scored, scored_s)

    citations: tuple[Citation, ...] = ()
    writing = Writing(asking.model.tokenizer, asking.stop)
    pieces: list[str] = []
    first_s = scored_s
    kept_tokens = 0
    found = max((chunk.gain for chunk in scored), default=0.0) > asking.settings.found_margin
    if found:
        selection, passages = _look(asking, question, kept)
        kept_tokens = selection.context.kept_tokens
        citations = cite(corpus, passages)
        yield Cited(citations)
        for piece in writing.pieces(_generate(asking, selection, passages)):
            if not "".join(pieces).strip():
                first_s = time.perf_counter() - started
            pieces.append(piece)
            yield Token(piece)
    else:
        pieces.append(NOT_FOUND)
        yield Token(NOT_FOUND)
    ids = tuple(writing.token_ids)
    usage = Usage(corpus.tokens, corpus.cached_tokens, kept_tokens, len(question.ids), len(ids))
    timings = Timings(scored_s, first_s, time.perf_counter() - started)
    body = "".join(pieces).strip()
    cut_short = writing.cut_short(asking.max_new_tokens)
    yield Done(Answer(asking.text, body, found, ids, citations, scored, usage, timings, cut_short))


def _score(asking: Asking, question: Question) -> Generator[Scoring, None, list[ChunkScore]]:
    engine, corpus = asking.engine, asking.corpus
    memory = engine.plan(corpus.tokens, question_tokens=len(question.all_ids))
    scores: list[ChunkScore] = []
    for score in engine.score(corpus.chunks, question, memory, asking.cancelled):
        scores.append(score)
        yield Scoring(len(scores), len(corpus.chunks))
    return scores


def score_together(askings: Sequence[Asking]) -> Generator[Scoring, None, list[Asking]]:
    """Score the chunks by several questions to the same documents, each chunk once for all. Raises Cancelled."""
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
        replace(asking, scores=Scores(tuple(scores[index] for scores in by_chunk), share))
        for index, asking in enumerate(askings)
    ]


def _look(asking: Asking, question: Question, kept: Sequence[ChunkScore]) -> tuple[Selection, list[Passage]]:
    """Compose the kept chunks, see which passages the question looks at, and take a second look at the best."""
    engine, corpus = asking.engine, asking.corpus
    looking = asking.question(instructed=asking.answer_from is AnswerFrom.CONTEXT)
    selection = engine.compress(corpus.chunks, kept, looking, asking.max_new_tokens, asking.cancelled)
    observer = engine.watch(selection)
    engine.look(selection, observer, asking.cancelled)
    attention = observer.by_token(corpus.tokens).numpy()
    passages = best_passages(corpus, kept, attention, asking.settings.citations)
    close = contenders(passages)
    if close:
        spans = [passage.chunk(corpus) for passage in close]
        passages = rerank(passages, engine.second_look(spans, question, asking.cancelled))
    return selection, passages


def _generate(asking: Asking, selection: Selection, passages: Sequence[Passage]) -> Iterator[int]:
    """The answer's token ids."""
    model, engine = asking.model, asking.engine
    stop_ids = model.stop_ids
    if asking.answer_from is AnswerFrom.PASSAGES and passages:
        chosen = sorted(passages[: asking.settings.passages], key=lambda passage: passage.first)
        chunks = [passage.chunk(asking.corpus) for passage in chosen]
        opened = asking.question(instructed=True, opening=OPENING)
        selection = engine.reread(chunks, opened, asking.max_new_tokens, asking.cancelled)
        stop_ids = stop_ids | model.line_ends
    return engine.generate(selection, asking.settings.sampling, stop_ids, cancelled=asking.cancelled)


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
