"""Writers beside each other: the same passages, found once by the reader, go to each of them.

So what differs is the writing alone. The questions are those of the sample documents, with those that they do not
answer, and optionally those of an L-Eval file.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

from parallelcomp import Sampling
from wholedoc.answer import Answer, Done
from wholedoc.documents.document import Document
from wholedoc.library import Library
from wholedoc.models.lazy_model import LazyModel
from wholedoc.settings import Settings
from wholedoc.storage.home import home
from wholedoc.writers.assignment import is_not_stated
from wholedoc.writers.choosing import writer_of
from wholedoc.writers.writer import Cancel, Message, Writer, Written

from ..report import Report
from ..sample import REGISTER, SAMPLES, sample_questions
from .cases import leval
from .cases.case import BETWEEN, Metric
from .cases.metrics import mark

NOTICE = SAMPLES / "short_notice.pdf"
LONGEST = 48


class Noting:
    """Stands in for a writer while passages are found: it notes what a writer would be told."""

    name, here, sends_to = "noting", True, None

    def __init__(self) -> None:
        self.told: list[Message] = []

    def write(
        self, messages: Sequence[Message], sampling: Sampling, cancelled: Cancel | None = None
    ) -> Generator[str, None, Written]:
        self.told = list(messages)
        yield "noted"
        return Written(1, cut_short=False)


@dataclass(frozen=True)
class Told:
    """What a writer is told for a question, and what the reader found. `told` is empty if nothing was found.

    `answers` are the accepted answers, empty if the document does not answer the question.
    """

    kind: str
    question: str
    answers: tuple[str, ...]
    told: tuple[Message, ...]
    quotes: tuple[str, ...]


def run(quick: bool, names: Sequence[str], text: Path | None = None) -> Report:
    """Have the writers called `names` answer; `text` is an L-Eval file whose questions are asked too.

    If `quick`, only the six questions about the short notice are asked.
    """
    report = Report("writers-quick" if quick else "writers")
    noting = Noting()
    library = Library.open(settings=Settings(), writer=noting)
    asked = [
        found
        for path in ((NOTICE,) if quick else (NOTICE, REGISTER))
        for found in _find_all(library, noting, path.name, library.parse(path), _sample(path))
    ]
    for source in leval.sources(text) if text else ():
        document = library.remember(BETWEEN.join(source.pages))
        questions = [(one.question, one.answers) for one in source.asked]
        asked += _find_all(library, noting, text.stem if text else "", document, questions)
    for kind in dict.fromkeys(one.kind for one in asked):
        some = [one for one in asked if one.kind == kind and one.answers]
        held = sum(any(_right(quote, one.answers) for quote in one.quotes[:3]) for one in some)
        report.add(
            kind=kind,
            questions=len(some),
            figure="one of the first 3 quotes holds the answer",
            share=held / len(some),
        )
    for name in names:
        settings = Settings(answer_model=name)
        writer = writer_of(settings, LazyModel(settings), home() / "models")
        assert writer is not None
        _write_all(report, writer, asked)
    return report


def _sample(path: Path) -> list[tuple[str, tuple[str, ...]]]:
    return [(one.text, one.answers) for one in sample_questions(path.name)]


def _find_all(
    library: Library,
    noting: Noting,
    kind: str,
    document: Document,
    questions: Sequence[tuple[str, tuple[str, ...]]],
) -> list[Told]:
    made: list[Told] = []
    for question, answers in questions:
        noting.told = []
        answer = _answer(library, document, question)
        quotes = tuple(one.quote for one in answer.citations)
        made.append(Told(kind, question, answers, tuple(noting.told), quotes))
    return made


def _answer(library: Library, document: Document, question: str) -> Answer:
    return next(event.answer for event in library.stream([document], question) if isinstance(event, Done))


def _write_all(report: Report, writer: Writer, asked: Sequence[Told]) -> None:
    """Add what the writer says to each question, and its figures by kind of document."""
    rows: list[tuple[Told, str, float]] = []
    for one in asked:
        text, first_s = _write(writer, one.told) if one.told else ("", 0.0)
        rows.append((one, text, first_s))
        report.add(writer=writer.name, kind=one.kind, question=one.question, answer=text, first_token_s=first_s)
    for kind in dict.fromkeys(one.kind for one in asked):
        here = [row for row in rows if row[0].kind == kind]
        answerable = [(one, text) for one, text, _ in here if one.answers]
        others = [text for one, text, _ in here if not one.answers]
        report.add(
            writer=writer.name,
            kind=kind,
            figure="answers",
            right=sum(_right(text, one.answers) for one, text in answerable),
            wrongly_refused=sum(is_not_stated(text) or not text for _, text in answerable),
            questions=len(answerable),
            unanswerable_refused=sum(is_not_stated(text) or not text for text in others),
            unanswerable=len(others),
            first_token_median_s=statistics.median([first for _, text, first in here if text] or [0.0]),
        )


def _write(writer: Writer, told: Sequence[Message]) -> tuple[str, float]:
    """Return the whole text, and the seconds until its first visible piece."""
    started, first_s, text = time.perf_counter(), 0.0, ""
    for piece in writer.write(told, Sampling(max_new_tokens=LONGEST)):
        text += piece
        if not first_s and text.strip():
            first_s = time.perf_counter() - started
    return text.strip(), first_s


def _right(text: str, answers: Sequence[str]) -> bool:
    return mark(text, answers, Metric.CONTAINS) == 1
