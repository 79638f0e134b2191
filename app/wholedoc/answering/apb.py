"""One question by APB: the documents are read for it, block after block, and it attends to all of them at once."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Sequence

from parallelcomp import Chunk
from parallelcomp.apb import APB, QuestionReading, read
from parallelcomp.apb.communicator import Communicator
from parallelcomp.ranks import RankCommunicator, Ranks

from ..answer import Citation, Event, Reading, Scored, Usage
from ..reading.corpus import Corpus
from ..settings import AnswerFrom
from .asking import Asking
from .evidence.abstention import explains
from .evidence.citations import cite
from .evidence.passages import Passage, best_of
from .pipeline import Found, from_passages, rescore_closest, tell
from .quoting import cited


def answer_by_apb(asking: Asking, apb: APB, ranks: Ranks | None = None) -> Generator[Event, None, None]:
    """Answer a question that was checked: yields Reading, Scored (of no chunks), Cited, Tokens and Done.

    All `ranks` make this call together and get the same events. Raises LayoutError, WindowError and
    MemoryPlanError before anything is read, then Cancelled, and RankError.
    """
    engine, corpus = asking.engine, asking.corpus
    started = time.perf_counter()
    reading = yield from _read(asking, apb, ranks)
    look = reading.attribute(asking.cancelled)
    scored_s = time.perf_counter() - started
    yield Scored((), scored_s)

    citations: tuple[Citation, ...] = ()
    seen = 0
    tokens: Iterator[int] | None = None
    alone = engine.score_without_document(reading.question)
    if explains(look.token_nll, alone, asking.settings.found_margin):
        ranked = best_of(corpus, asking.text, _whole(corpus), look.attention.numpy(), asking.settings.citations)
        passages = rescore_closest(asking, asking.question(), ranked)
        seen = corpus.tokens
        citations = cite(corpus, passages)
        yield cited(asking, citations)
        tokens = _generate(asking, reading, passages, citations)
    usage = Usage(corpus.tokens, 0, seen, len(reading.question.ids), 0)
    yield from tell(asking, Found(started, scored_s, citations, (), usage), tokens)


def _read(asking: Asking, apb: APB, ranks: Ranks | None) -> Generator[Event, None, QuestionReading]:
    """Read all documents as one, yielding the progress."""
    engine, corpus = asking.engine, asking.corpus
    question = asking.question(instructed=asking.answer_from is AnswerFrom.CONTEXT)
    communicator: Communicator | None = None if ranks is None else RankCommunicator(ranks, apb.hosts)
    ids = [token for document in corpus.documents for token in document.tokenized.token_ids]
    work = read(
        engine.loaded,
        apb,
        engine.prefix.token_ids,
        ids,
        question,
        asking.max_new_tokens,
        communicator,
        asking.cancelled,
    )
    first = corpus.documents[0].tokenized.document
    name = ", ".join(one.tokenized.document.name for one in corpus.documents)
    started = time.perf_counter()
    while True:
        try:
            done = next(work)
        except StopIteration as stop:
            finished: QuestionReading = stop.value
            return finished
        rate = done / (time.perf_counter() - started)
        yield Reading(first.id, name, done, corpus.tokens, 0, rate, (corpus.tokens - done) / rate)


def _whole(corpus: Corpus) -> list[tuple[Chunk, float]]:
    """Return every document as one chunk, all with the same weight."""
    return [
        (Chunk(index, offset, one.tokenized.token_ids), 1.0)
        for index, (offset, one) in enumerate(zip(corpus.token_offsets, corpus.documents, strict=True))
    ]


def _generate(
    asking: Asking, reading: QuestionReading, passages: Sequence[Passage], citations: Sequence[Citation]
) -> Iterator[int]:
    """Yield the answer's token ids."""
    if asking.answer_from is not AnswerFrom.CONTEXT and passages:
        return from_passages(asking, passages, citations)
    return reading.generate(asking.settings.sampling, asking.model.stop_ids, asking.cancelled)
