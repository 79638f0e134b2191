"""Measures recognising (OCR) on a scanned register: characters that are right, seconds a page, and answers."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wholedoc.documents.document import Document
from wholedoc.documents.extraction import read_document
from wholedoc.documents.recognition import Recognition, is_installed
from wholedoc.library import Library
from wholedoc.settings import Settings

from ..errors import NotInstalledError
from ..report import Report
from ..sample import REGISTER, SAMPLES, sample_questions
from .questions import citation_rank, correct

# The pages of the register that the sample script scans (0-based), and how many of them the quick form takes.
FIRST_PAGE, PAGES, QUICK_PAGES = 30, 20, 2
# What is asked of it; the pages of its questions are those of the scan.
SCAN, QUESTIONS = "scan.pdf", Path(__file__).parent / "cases" / "scan.json"


def run(quick: bool) -> Report:
    """Recognise a scan of 20 pages, tilted by one degree, noisy, at 200 dpi.

    Its text is compared with the true one, and its answers with those of the same pages as text.
    """
    if not is_installed():
        raise NotInstalledError('the extra ocr: pip install "wholedoc[ocr]"')
    report = Report("ocr-quick" if quick else "ocr")
    report.notes.append("the words of a page are compared, sorted: where they stand on the page does not count")
    count = QUICK_PAGES if quick else PAGES
    with tempfile.TemporaryDirectory() as folder:
        scan, typed = Path(folder) / SCAN, Path(folder) / "text.pdf"
        subprocess.run([sys.executable, SAMPLES / "build.py", "--scan", scan], check=True)
        _keep(scan, scan, range(count))
        _keep(REGISTER, typed, range(FIRST_PAGE, FIRST_PAGE + count))
        started = time.perf_counter()
        done: list[float] = []
        found = read_document(scan, recognition=Recognition(lambda *_: done.append(time.perf_counter() - started)))
        true = read_document(typed)
    _compare(report, found, true)
    report.add(figure="time", seconds_a_page=(done[-1] - done[0]) / count, first_page_s=done[1], pages=count)
    _ask(report, true, found)
    return report


def _ask(report: Report, typed: Document, scanned: Document) -> None:
    """Ask each document the questions that its pages answer."""
    some = [one for one in sample_questions(SCAN, QUESTIONS) if max(one.pages) <= len(typed.pages)]
    library = Library.open(settings=Settings())
    for form, document in (("text", typed), ("scan", scanned)):
        for _ in library.read(document):
            pass
        answers = [(one, library.ask([document], one.text)) for one in some]
        for question, answer in answers:
            report.add(
                form=form,
                question=question.text,
                expected=question.answers[0],
                answer=answer.text,
                correct=correct(question, answer),
                page_rank=citation_rank(question, answer),
            )
        ranks = [citation_rank(*pair) for pair in answers]
        report.add(
            figure=f"questions about the {form}",
            questions=len(some),
            evidence_page=sum(rank is not None for rank in ranks),
            page_first=sum(rank == 1 for rank in ranks),
            correct=sum(correct(*pair) for pair in answers),
        )


def _compare(report: Report, found: Document, true: Document) -> None:
    wrong = characters = wrong_words = words = 0
    for one, other in zip(found.pages, true.pages, strict=True):
        got, wanted = words_of(one.text), words_of(other.text)
        wrong += distance(" ".join(got), " ".join(wanted))
        characters += len(" ".join(wanted))
        wrong_words += (Counter(wanted) - Counter(got)).total()
        words += len(wanted)
    confidences = [page.confidence for page in found.pages if page.confidence is not None]
    report.add(
        figure="characters right", share=1 - wrong / characters, characters=characters, pages=len(true.pages)
    )
    report.add(figure="words right", share=1 - wrong_words / words, words=words)
    report.add(figure="confidence", mean=float(np.mean(confidences)), least=min(confidences))


def words_of(text: str) -> list[str]:
    """Return the words of a page in the order of their letters, without the bars between cells."""
    return sorted(text.replace(" | ", " ").split())


def distance(one: str, other: str) -> int:
    """Return how many characters must be put in, left out or exchanged to turn one text into the other."""
    codes: NDArray[np.uint32] = np.frombuffer(other.encode("utf-32-le"), dtype=np.uint32)
    steps = np.arange(len(other) + 1)
    row = steps.copy()
    for number, sign in enumerate(one, 1):
        changed = np.minimum(row[:-1] + (codes != ord(sign)), row[1:] + 1)
        row = np.concatenate(([number], changed))
        row = np.minimum.accumulate(row - steps) + steps  # characters put in, one after the other
    return int(row[-1])


def _keep(path: Path, kept: Path, pages: range) -> None:
    """Write some pages (0-based) of a PDF as one of their own."""
    import pypdf

    reader, writer = pypdf.PdfReader(path), pypdf.PdfWriter()
    for index in pages:
        writer.add_page(reader.pages[index])
    writer.write(kept)
