"""One question by APB: the documents are read for it, block after block, and it looks at all of them at once."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Sequence

from parallelcomp import Chunk
from parallelcomp.apb import APB, QuestionReading, read
from parallelcomp.apb.company import Company
from parallelcomp.ranks import OverRanks, Ranks

from .answer import Answer, Citation, Cited, Done, Event, Reading, Scored, Timings, Token, Usage
from .answering import NOT_FOUND, Asking, reread, second_look, written
from .citations import cite
from .corpus import Corpus
from .passages import Passage, best_of
from .settings import AnswerFrom
from .writing import Writing


def answer_by_apb(asking: Asking, apb: APB, ranks: Ranks | None = None) -> Generator[Event, None, None]:
    """Yield Reading, Scored (of no chunks), Cited, Tokens and Done, of a question that was checked.

    Over `ranks`, all of them make this call together, and get the same. Raises LayoutError, WindowError and
    MemoryPlanError before anything is read, then Cancelled, and RankError.
    """
    engine, corpus = asking.engine, asking.corpus
    started = time.perf_counter()
    reading = yield from _read(asking, apb, ranks)
    look = reading.look(asking.cancelled)
    scored_s = time.perf_counter() - started
    yield Scored((), scored_s)

    gain = engine.score_without_document(reading.question) - look.nll
    found = gain > asking.settings.found_margin
    citations: tuple[Citation, ...] = ()
    writing = Writing(asking.model.tokenizer, asking.stop, one_line=asking.answer_from is AnswerFrom.QUOTE)
    pieces: list[str] = []
    first_s = scored_s
    if found:
        ranked = best_of(corpus, _whole(corpus), look.attention.numpy(), asking.settings.citations)
        passages = second_look(asking, asking.question(), ranked)
        citations = cite(corpus, passages)
        yield Cited(citations, lead=asking.answer_from is not AnswerFrom.CONTEXT)
        for piece in writing.pieces(_generate(asking, reading, passages)):
            if not "".join(pieces).strip():
                first_s = time.perf_counter() - started
            pieces.append(piece)
            yield Token(piece)
    else:
        pieces.append(NOT_FOUND)
        yield Token(NOT_FOUND)
    ids = tuple(writing.token_ids)
    usage = Usage(corpus.tokens, 0, corpus.tokens if found else 0, len(reading.question.ids), len(ids))
    timings = Timings(scored_s, first_s, time.perf_counter() - started)
    cut_short = writing.cut_short(asking.max_new_tokens)
    text = "".join(pieces).strip()
    yield Done(Answer(asking.text, text, found, ids, citations, (), usage, timings, cut_short))


def _read(asking: Asking, apb: APB, ranks: Ranks | None) -> Generator[Event, None, QuestionReading]:
    """Read all documents as one, and say how far it is."""
    engine, corpus = asking.engine, asking.corpus
    question = asking.question(instructed=asking.answer_from is AnswerFrom.CONTEXT)
    company: Company | None = None if ranks is None else OverRanks(ranks, apb.hosts)
    ids = [token for document in corpus.documents for token in document.tokenized.token_ids]
    work = read(
        engine.loaded,
        apb,
        engine.prefix.token_ids,
        ids,
        question,
        asking.max_new_tokens,
        company,
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
    """Every document as one chunk, none better than another."""
    return [
        (Chunk(index, offset, one.tokenized.token_ids), 1.0)
        for index, (offset, one) in enumerate(zip(corpus.token_offsets, corpus.documents, strict=True))
    ]


def _generate(asking: Asking, reading: QuestionReading, passages: Sequence[Passage]) -> Iterator[int]:
    """The answer's token ids."""
    if asking.answer_from is not AnswerFrom.CONTEXT and passages:
        return written(asking, reread(asking, passages), passages)
    return reading.generate(asking.settings.sampling, asking.model.stop_ids, asking.cancelled)
