"""The benchmark `shelf`: one question to the front of a document, and to more and more documents together.

What counts is whether the citations come from the right document, and what a question costs as the shelf grows.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from parallelcomp import ChunkScoring
from wholedoc.answer import Answer
from wholedoc.documents.document import Document
from wholedoc.documents.extraction import read_document
from wholedoc.library import Library
from wholedoc.settings import Settings

from ..report import Report, peak_gigabytes
from ..sample import REGISTER, SampleQuestion, front
from .pairs.passages import Noting, ask
from .pairs.questions import manuals, samples

# Lengths of the register's front that are asked alone, in tokens.
FRONTS = (8192, 32768)
# A shelf of many documents takes more than people give a library by default.
LIBRARY_BYTES = 100_000_000_000
# Every chunk is scored only for so many tokens, and so many questions: it takes minutes for a shelf.
SCORED_TOKENS, SCORED_QUESTIONS = 600_000, 5


@dataclass(frozen=True)
class Shelved:
    """Documents that questions are known to, and the folder of others that stand beside them."""

    manuals: Path | None = None
    beside: Path | None = None


@dataclass(frozen=True)
class Question:
    """A question and the document that answers it."""

    document: Document
    asked: SampleQuestion


def add_shelf(parser: argparse.ArgumentParser) -> None:
    """Add the options that are its own; the manuals are those of other benchmarks."""
    group = parser.add_argument_group("shelf")
    group.add_argument(
        "--beside", type=Path, metavar="DIR", help="a folder with PDFs that are asked beside those with questions"
    )


def shelved_of(arguments: argparse.Namespace) -> Shelved:
    """Return what stands on the shelf, from parsed arguments."""
    return Shelved(arguments.manuals, arguments.beside)


def run(quick: bool, shelved: Shelved) -> Report:
    """Read all and ask; if `quick`, the short notice alone. Raises CasesError."""
    report = Report("shelf-quick" if quick else "shelf")
    settings = Settings(scoring=ChunkScoring.SCAN, library_bytes=LIBRARY_BYTES)
    library = Library.open(settings=settings, writer=Noting())
    asked = list(samples(quick))
    if shelved.manuals is not None and not quick:
        asked += manuals(shelved.manuals)
    documents = _register_first([one.document for one in asked])
    questions = [Question(one.document, each) for one in asked for each in one.questions if each.answers]
    known = {one.id for one in documents}
    documents += [one for one in _others(shelved.beside, quick) if one.id not in known]
    for document in documents:
        started = time.perf_counter()
        for _ in library.read(document):
            pass
        tokens = len(library.tokenized(document))
        report.add(document=document.name, tokens=tokens, opened_s=time.perf_counter() - started)
    for front_tokens in () if quick else FRONTS:
        _ask_both(report, library, *_front(library, documents[0], front_tokens, questions))
    for count in _growing(len(documents)):
        shelf = documents[:count]
        _ask_both(report, library, shelf, [one for one in questions if one.document in shelf])
        report.save()
    report.add(peak_gb=peak_gigabytes())
    report.notes.append("seconds are medians over the questions to the documents that are asked")
    return report


def _front(
    library: Library, document: Document, tokens: int, questions: Sequence[Question]
) -> tuple[list[Document], list[Question]]:
    """Read the first `tokens` tokens of a document, and return it with the questions that it answers."""
    cut = front(library.tokenized(document), tokens).document
    for _ in library.read(cut):
        pass
    answered = [
        Question(cut, one.asked)
        for one in questions
        if one.document == document and max(one.asked.pages) <= len(cut.pages)
    ]
    return [cut], answered


def _register_first(documents: Sequence[Document]) -> list[Document]:
    return sorted(documents, key=lambda one: one.name != REGISTER.name)


def _others(folder: Path | None, quick: bool) -> Iterator[Document]:
    if folder is not None and not quick:
        for path in sorted(folder.glob("*.pdf")):
            yield read_document(path)


def _growing(documents: int) -> list[int]:
    """Return 1, 2, 4 ... documents, and all of them."""
    return sorted({min(2**power, documents) for power in range(documents.bit_length() + 1)})


def _ask_both(report: Report, library: Library, shelf: Sequence[Document], questions: Sequence[Question]) -> None:
    """Ask with a scan, and some with every chunk scored where that takes no minutes."""
    _ask(report, library, shelf, questions, ChunkScoring.SCAN)
    if sum(len(library.tokenized(one)) for one in shelf) <= SCORED_TOKENS:
        _ask(report, library, shelf, questions[:SCORED_QUESTIONS], ChunkScoring.LIKELIHOOD)


def _ask(
    report: Report, library: Library, shelf: Sequence[Document], questions: Sequence[Question], way: ChunkScoring
) -> None:
    settings = replace(library.settings, scoring=way)
    answers = [(one, ask(library, shelf, one.asked.text, settings)[0]) for one in questions]
    ranks = [_rank(one, answer) for one, answer in answers]
    report.add(
        documents=len(shelf),
        tokens=sum(len(library.tokenized(one)) for one in shelf),
        way=way.value,
        questions=len(answers),
        citations_s=statistics.median(answer.timings.cited_s or answer.timings.score_s for _, answer in answers),
        slowest_s=max(answer.timings.cited_s or answer.timings.score_s for _, answer in answers),
        right_document_first=sum(
            bool(answer.citations) and answer.citations[0].document_id == one.document.id for one, answer in answers
        ),
        page_first=ranks.count(1),
        page_in_3=sum(rank is not None and rank <= 3 for rank in ranks),
    )


def _rank(question: Question, answer: Answer) -> int | None:
    ranks = (
        rank
        for rank, one in enumerate(answer.citations, 1)
        if one.document_id == question.document.id and one.page in question.asked.pages
    )
    return next(ranks, None)
