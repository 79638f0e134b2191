"""The benchmark `pairs`: every reader finds, every writer writes, from the same passages, in one run.

Each writer also gets what BM25 finds, and the text around the answer, so that what finding loses and what writing
loses can be told apart.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from parallelcomp import Sampling
from wholedoc.library import Library
from wholedoc.models.lazy_model import LazyModel
from wholedoc.settings import Answerer, Settings
from wholedoc.storage.home import home
from wholedoc.writers.assignment import is_not_stated
from wholedoc.writers.choosing import writer_of
from wholedoc.writers.writer import Writer

from ...report import Report
from .passages import Noting, Source, Told, around_answer, ask, found_by, is_right, ranked_by_words
from .questions import Asked, files, manuals, samples

LONGEST = 48  # tokens of an answer
Row = TypeVar("Row")


@dataclass(frozen=True)
class Pairs:
    """What is compared, and on what. A reader None is the embedded model.

    `alone` has each reader answer by itself, too. `documents` and `questions` limit each of the `files`.
    """

    readers: tuple[str | None, ...] = (None,)
    writers: tuple[str, ...] = ()
    sources: tuple[Source, ...] = tuple(Source)
    alone: bool = True
    samples: bool = True
    manuals: Path | None = None
    files: tuple[Path, ...] = ()
    documents: int | None = None
    questions: int | None = None
    out: str | None = None


@dataclass(frozen=True)
class Said:
    """An answer as it is marked: its text, empty if nothing was found, and seconds to its first visible piece."""

    told: Told
    text: str
    first_token_s: float

    @property
    def refused(self) -> bool:
        return not self.text or is_not_stated(self.text)


def run(quick: bool, pairs: Pairs) -> Report:
    """Ask; if `quick`, the questions about the short notice alone. Raises CasesError."""
    report = Report("pairs-" + ("quick" if quick else pairs.out or "all"))
    asked = list(asked_by(quick, pairs))
    if Source.BM25 in pairs.sources:
        told = [
            one for each in asked for one in ranked_by_words(Settings(), each.kind, each.document, each.questions)
        ]
        _write_all(report, Source.BM25.value, told, pairs.writers)
    if Source.ANSWER in pairs.sources:
        found = (around_answer(each.kind, each.document, one) for each in asked for one in each.questions)
        _write_all(report, Source.ANSWER.value, [one for one in found if one is not None], pairs.writers)
    for name in pairs.readers if Source.READER in pairs.sources else ():
        _with_reader(report, name, asked, pairs)
    return report


def asked_by(quick: bool, pairs: Pairs) -> Iterable[Asked]:
    """Yield what is asked; if `quick`, the short notice, and what was named. Raises CasesError."""
    if quick or pairs.samples:
        yield from samples(quick)
    if pairs.manuals is not None:
        yield from manuals(pairs.manuals)
    yield from files(pairs.files, pairs.documents, pairs.questions)


def _with_reader(report: Report, name: str | None, asked: Sequence[Asked], pairs: Pairs) -> None:
    noting = Noting()
    library = Library.open(settings=Settings(model=name), writer=noting)
    reader = library.model.name
    for each in asked:
        started = time.perf_counter()
        for _ in library.read(each.document):
            pass
        report.add(reader=reader, document=each.document.name, opened_s=time.perf_counter() - started)
    told = [found_by(library, noting, each.kind, each.document, one) for each in asked for one in each.questions]
    if pairs.alone:
        alone = library.with_settings(Settings(model=name, answer_model=Answerer.READER))
        _alone(report, reader, alone, asked)
    del library
    _write_all(report, reader, told, pairs.writers)


def _alone(report: Report, reader: str, library: Library, asked: Sequence[Asked]) -> None:
    rows: list[Said] = []
    for each in asked:
        for one in each.questions:
            answer, cited_s = ask(library, [each.document], one.text)
            told = Told(each.kind, one, (), cited_s=cited_s)
            rows.append(Said(told, answer.text if answer.found else "", answer.timings.first_token_s))
    _figures(report, reader, "itself", rows)


def _write_all(report: Report, passages_by: str, told: Sequence[Told], writers: Sequence[str]) -> None:
    for kind, some in _by_kind(told, lambda one: one.kind):
        answerable = [one for one in some if one.question.answers]
        report.add(
            passages_by=passages_by,
            kind=kind,
            questions=len(answerable),
            quote_in_3_holds_it=sum(bool(one.quote_holds) for one in answerable),
            page_first=sum(one.page_rank == 1 for one in answerable),
            page_in_3=sum(one.page_rank is not None and one.page_rank <= 3 for one in answerable),
            nothing_found=sum(not one.messages for one in answerable),
            cited_median_s=_median(one.cited_s for one in some),
        )
    for name in writers:
        settings = Settings(answer_model=name)
        writer = writer_of(settings, LazyModel(settings), home() / "models")
        assert writer is not None
        rows = [_write(writer, one) for one in told]
        _figures(report, passages_by, writer.name, rows)
        report.save()


def _write(writer: Writer, told: Told) -> Said:
    started, first_s, text = time.perf_counter(), 0.0, ""
    for piece in writer.write(told.messages, Sampling(max_new_tokens=LONGEST)) if told.messages else ():
        text += piece
        if not first_s and text.strip():
            first_s = time.perf_counter() - started
    return Said(told, text.strip(), first_s)


def _figures(report: Report, passages_by: str, writer: str, rows: Sequence[Said]) -> None:
    """Add every answer, and how many are right, by kind of document."""
    for one in rows:
        report.add(
            passages_by=passages_by,
            writer=writer,
            kind=one.told.kind,
            question=one.told.question.text,
            expected=one.told.question.answers[:1],
            answer=one.text,
            right=is_right(one.text, one.told.question) if one.told.question.answers else one.refused,
            page_rank=one.told.page_rank,
        )
    for kind, some in _by_kind(rows, lambda one: one.told.kind):
        answerable = [one for one in some if one.told.question.answers]
        others = [one for one in some if not one.told.question.answers]
        report.add(
            passages_by=passages_by,
            writer=writer,
            kind=kind,
            figure="answers",
            right=sum(is_right(one.text, one.told.question) for one in answerable),
            wrongly_refused=sum(one.refused for one in answerable),
            questions=len(answerable),
            unanswerable_refused=sum(one.refused for one in others),
            unanswerable=len(others),
            first_token_median_s=_median(one.first_token_s for one in some if one.text),
        )


def _by_kind(rows: Sequence[Row], kind_of: Callable[[Row], str]) -> Iterable[tuple[str, list[Row]]]:
    for kind in dict.fromkeys(map(kind_of, rows)):
        yield kind, [one for one in rows if kind_of(one) == kind]


def _median(values: Iterable[float | None]) -> float | None:
    known = [one for one in values if one is not None]
    return round(statistics.median(known), 2) if known else None
