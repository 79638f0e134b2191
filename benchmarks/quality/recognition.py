"""Measures recognising (OCR): the share of characters that are right, and seconds a page, of a scanned register."""

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

from ..errors import NotInstalledError
from ..report import Report
from ..sample import REGISTER, SAMPLES

# The pages of the register that the sample script scans (0-based), and how many of them the quick form takes.
FIRST_PAGE, PAGES, QUICK_PAGES = 30, 20, 2


def run(quick: bool) -> Report:
    """Recognise a scan of 20 pages, tilted by one degree, noisy, at 200 dpi, and compare it with the true text."""
    if not is_installed():
        raise NotInstalledError('the extra ocr: pip install "wholedoc[ocr]"')
    report = Report("ocr-quick" if quick else "ocr")
    report.notes.append("the words of a page are compared, sorted: where they stand on the page does not count")
    with tempfile.TemporaryDirectory() as folder:
        scan = Path(folder) / "scan.pdf"
        subprocess.run([sys.executable, SAMPLES / "build.py", "--scan", scan], check=True)
        count = QUICK_PAGES if quick else PAGES
        if quick:
            _keep(scan, count)
        started = time.perf_counter()
        done: list[float] = []
        found = read_document(scan, recognition=Recognition(lambda *_: done.append(time.perf_counter() - started)))
    _compare(report, found, read_document(REGISTER), count)
    report.add(figure="time", seconds_a_page=(done[-1] - done[0]) / count, first_page_s=done[1], pages=count)
    return report


def _compare(report: Report, found: Document, true: Document, count: int) -> None:
    wrong = characters = wrong_words = words = 0
    for index in range(count):
        got, wanted = words_of(found.pages[index].text), words_of(true.pages[FIRST_PAGE + index].text)
        wrong += distance(" ".join(got), " ".join(wanted))
        characters += len(" ".join(wanted))
        wrong_words += (Counter(wanted) - Counter(got)).total()
        words += len(wanted)
    confidences = [page.confidence for page in found.pages[:count] if page.confidence is not None]
    report.add(figure="characters right", share=1 - wrong / characters, characters=characters, pages=count)
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


def _keep(path: Path, count: int) -> None:
    import pypdf

    writer = pypdf.PdfWriter()
    for page in pypdf.PdfReader(path).pages[:count]:
        writer.add_page(page)
    writer.write(path)
