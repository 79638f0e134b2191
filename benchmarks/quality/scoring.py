"""The benchmark `scoring`: every question with all chunks scored, and with those that a scan puts first, in turn.

What counts is whether the scan loses anything (the chunk that answers, the cited page, the quote that says it) and
how much sooner the citations are there.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from parallelcomp import ChunkScoring
from wholedoc.answer import Answer, ScoredChunk
from wholedoc.documents.document import Document
from wholedoc.documents.tokenized import TokenizedDocument
from wholedoc.library import Library
from wholedoc.settings import Settings

from ..report import Report
from ..sample import SampleQuestion
from .baselines.answer_places import occurrences
from .pairs.passages import Noting, ask, is_right
from .pairs.questions import Asked
from .pairs.run import Pairs, asked_by


@dataclass(frozen=True)
class Row:
    """What one way found for one question. `chunk_scored` is None if no chunk says the answer word for word."""

    kind: str
    way: ChunkScoring
    cited_s: float
    scored: int
    chunk_scored: bool | None
    page_rank: int | None
    quote_holds: bool
    quotes: tuple[str, ...]


def run(quick: bool, pairs: Pairs) -> Report:
    """Ask with every reader; if `quick`, the questions about the short notice alone. Writers are not asked.

    Documents of one kind are asked together. Raises CasesError.
    """
    report = Report("scoring-" + ("quick" if quick else pairs.out or "all"))
    groups = [(kind, list(some)) for kind, some in groupby(asked_by(quick, pairs), lambda one: one.kind)]
    for name in pairs.readers:
        settings = Settings(model=name, scoring=ChunkScoring.SCAN)
        library = Library.open(settings=settings, writer=Noting())
        report.add(reader=library.model.name)
        for kind, asked in groups:
            _compare(report, library, kind, [one.document for one in asked], asked)
    report.notes.append("citations_s are medians; sooner is the median of the questions' ratios within this run")
    return report


def _compare(
    report: Report, library: Library, kind: str, documents: Sequence[Document], asked: Sequence[Asked]
) -> None:
    """Read the documents, ask both ways in turn, and add the figures."""
    started = time.perf_counter()
    for document in documents:
        for _ in library.read(document):
            pass
    tokens = sum(len(library.tokenized(document)) for document in documents)
    report.add(kind=kind, documents=len(documents), tokens=tokens, opened_s=time.perf_counter() - started)
    rows: list[Row] = []
    for one in asked:
        for question in one.questions:
            if question.answers:
                rows += _both_ways(report, library, kind, documents, one.document, question)
    for way in ChunkScoring:
        _figures(report, kind, way, [row for row in rows if row.way is way])
    exact, scanned = ([row for row in rows if row.way is way] for way in ChunkScoring)
    pairs = list(zip(exact, scanned, strict=True))
    report.add(
        kind=kind,
        figure="sooner",
        ratio=round(statistics.median(one.cited_s / other.cited_s for one, other in pairs), 2),
        same_first_quote=sum(one.quotes[:1] == other.quotes[:1] for one, other in pairs),
        questions=len(pairs),
    )
    report.save()


def _both_ways(
    report: Report,
    library: Library,
    kind: str,
    documents: Sequence[Document],
    about: Document,
    question: SampleQuestion,
) -> Iterator[Row]:
    for way in ChunkScoring:
        answer, _ = ask(library, documents, question.text, replace(library.settings, scoring=way))
        row = _row(kind, way, answer, about, library.tokenized(about), question)
        report.add(
            kind=kind,
            question=question.text,
            way=way.value,
            cited_s=row.cited_s,
            scored=row.scored,
            chunk_scored=row.chunk_scored,
            page_rank=row.page_rank,
            quote_holds=row.quote_holds,
        )
        yield row


def _row(
    kind: str,
    way: ChunkScoring,
    answer: Answer,
    about: Document,
    tokenized: TokenizedDocument,
    question: SampleQuestion,
) -> Row:
    ranks = (
        rank
        for rank, one in enumerate(answer.citations, 1)
        if one.document_id == about.id and one.page in question.pages
    )
    timings = answer.timings
    return Row(
        kind,
        way,
        timings.score_s if timings.cited_s is None else timings.cited_s,
        sum(chunk.nll is not None for chunk in answer.chunks),
        _chunk_scored(answer.chunks, tokenized, question),
        next(ranks, None),
        any(is_right(one.quote, question) for one in answer.citations[:3]),
        tuple(one.quote for one in answer.citations),
    )


def _chunk_scored(
    chunks: Sequence[ScoredChunk], tokenized: TokenizedDocument, question: SampleQuestion
) -> bool | None:
    """Return whether a chunk was scored in which an accepted answer stands on an evidence page."""
    document = tokenized.document
    places = [
        range(*tokenized.token_range(page.offset + place.start, page.offset + place.stop))
        for number, page in enumerate(document.pages, 1)
        if number in question.pages
        for place in occurrences(page.text, question.answers)
    ]
    start, scored = 0, False
    for chunk in (one for one in chunks if one.document_id == document.id):
        within = range(start, start := start + chunk.tokens)
        scored |= chunk.nll is not None and any(place.start in within for place in places if place)
    return scored if any(places) else None


def _figures(report: Report, kind: str, way: ChunkScoring, rows: Sequence[Row]) -> None:
    known = [row.chunk_scored for row in rows if row.chunk_scored is not None]
    report.add(
        kind=kind,
        figure="found",
        way=way.value,
        questions=len(rows),
        citations_s=_median(row.cited_s for row in rows),
        scored_mean=round(statistics.mean(row.scored for row in rows), 1),
        answer_chunk_scored=f"{sum(known)} of {len(known)}",
        page_first=sum(row.page_rank == 1 for row in rows),
        page_in_3=sum(row.page_rank is not None and row.page_rank <= 3 for row in rows),
        quote_in_3_holds_it=sum(row.quote_holds for row in rows),
    )


def _median(values: Iterable[float]) -> float:
    return round(statistics.median(values), 2)
