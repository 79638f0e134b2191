"""What a writer is told about a question, and where its passages come from."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from parallelcomp import Sampling
from wholedoc.answer import Answer, Cited, Done
from wholedoc.documents.document import Document
from wholedoc.documents.sentences import sentences
from wholedoc.library import Library
from wholedoc.settings import Settings
from wholedoc.writers.assignment import Excerpt, assignment
from wholedoc.writers.writer import Cancel, Message, Written

from ...sample import SampleQuestion
from ..baselines.answer_places import occurrences
from ..baselines.retrieval import rank
from ..cases.case import Metric
from ..cases.metrics import evidence_rank, mark

# As long as a quote may be, so that the writer reads as much from either source.
CHARACTERS = 500
# Text around the answer where the passage that holds it is given.
AROUND = 1200


class Source(Enum):
    """Where the passages that a writer gets come from."""

    READER = "reader"
    """The model that has read the document found them."""
    BM25 = "BM25"
    """BM25 ranked them, as many and as long as the reader's."""
    ANSWER = "the answer's passage alone"
    """1,200 characters around the answer: what the best reader could find."""


@dataclass(frozen=True)
class Told:
    """What a writer is told, and what is known about it. `messages` is empty if nothing was found.

    `quote_holds` says whether one of the first three passages holds an accepted answer, `page_rank` which is the
    first on an evidence page (1-based), `cited_s` how many seconds finding took; None where it does not apply.
    """

    kind: str
    question: SampleQuestion
    messages: tuple[Message, ...]
    quote_holds: bool | None = None
    page_rank: int | None = None
    cited_s: float | None = None


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


def found_by(library: Library, noting: Noting, kind: str, document: Document, question: SampleQuestion) -> Told:
    """Return what a writer would be told of what the library finds; its writer must be `noting`."""
    noting.told = []
    answer, cited_s = ask(library, [document], question.text)
    pages = [one.page for one in answer.citations]
    return Told(
        kind,
        question,
        tuple(noting.told),
        any(is_right(one.quote, question) for one in answer.citations[:3]),
        evidence_rank(pages, question.pages),
        cited_s,
    )


def ranked_by_words(
    settings: Settings, kind: str, document: Document, questions: Sequence[SampleQuestion]
) -> Iterator[Told]:
    """Yield what a writer would be told if BM25 alone ranked the passages of the whole document."""
    passages = [(number, text) for number, page in enumerate(document.pages, 1) for text in _cut(page.text)]
    for question in questions:
        best = rank([text for _, text in passages], question.text)
        some = [passages[index] for index in best[: settings.writer_passages]]
        excerpts = [Excerpt(document.pages[page - 1].label, text) for page, text in sorted(some)]
        yield Told(
            kind,
            question,
            tuple(assignment(question.text, excerpts)),
            any(is_right(text, question) for _, text in some[:3]),
            evidence_rank([page for page, _ in some], question.pages),
        )


def around_answer(kind: str, document: Document, question: SampleQuestion) -> Told | None:
    """Return what a writer is told if it gets the text around the answer; None if no evidence page says it."""
    for number in sorted(question.pages):
        page = document.pages[number - 1]
        place = next(occurrences(page.text, question.answers), None)
        if place is not None:
            start = max(0, min(place.start - AROUND // 2, len(page.text) - AROUND))
            excerpt = Excerpt(page.label, page.text[start : start + AROUND])
            return Told(kind, question, tuple(assignment(question.text, [excerpt])))
    return None


def ask(
    library: Library, documents: Sequence[Document], question: str, settings: Settings | None = None
) -> tuple[Answer, float | None]:
    """Ask; return the answer, and the seconds until its citations were there (None if it has none)."""
    started, cited_s = time.perf_counter(), None
    for event in library.stream(documents, question, settings=settings):
        if isinstance(event, Cited):
            cited_s = time.perf_counter() - started
        if isinstance(event, Done):
            return event.answer, cited_s
    raise AssertionError("a stream ends with Done")


def is_right(text: str, question: SampleQuestion) -> bool:
    """Return whether a text says an accepted answer."""
    return bool(question.answers) and mark(text, question.answers, Metric.CONTAINS) == 1


def _cut(text: str) -> Iterator[str]:
    """Yield a page's text in passages of whole sentences of at most `CHARACTERS`, unless one alone is longer."""
    start = stop = 0
    for one in sentences(text):
        if stop > start and one.stop - start > CHARACTERS:
            yield text[start:stop]
            start = one.start
        stop = one.stop
    if stop > start:
        yield text[start:stop]
