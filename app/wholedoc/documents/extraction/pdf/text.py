"""The text of every page, from the reader that deserves trust."""

from __future__ import annotations

from dataclasses import dataclass, field

from ....errors import ExtractionLimitError
from ..limits import ExtractionLimits
from . import page_warnings as say
from .agreement import Agreement, compare, spread
from .readers import Readers
from .with_pdfium import PdfiumReader
from .with_pypdf import PypdfReader


@dataclass
class PageTexts:
    """Raw text by page. `blank` are the indexes of pages on which nothing is drawn, `failed` of those that
    no reader can read."""

    pages: list[str]
    blank: set[int] = field(default_factory=set)
    failed: set[int] = field(default_factory=set)
    warnings: list[str] = field(default_factory=list)


class _Allowance:
    """The characters that may still be read."""

    def __init__(self, name: str, limits: ExtractionLimits) -> None:
        self._name = name
        self._limit = limits.characters
        self._left = limits.characters

    def spend(self, text: str) -> str:
        self._left -= len(text)
        if self._left < 0:
            raise ExtractionLimitError(
                f"{self._name} has more than {self._limit:,} characters of text: split it into smaller files."
            )
        return text


def read_texts(readers: Readers, name: str, limits: ExtractionLimits) -> PageTexts:
    """pdfium's text where it agrees with pypdf's on a sample of pages, else pypdf's.

    Each fills in for pages on which the other fails. Raises `ExtractionLimitError`.
    """
    fast = _read_by_pdfium(readers.pdfium, readers.page_count, _Allowance(name, limits))
    if readers.pypdf is None:
        return fast
    if readers.pdfium is None:
        return _read_by_pypdf(readers.pypdf, fast, _Allowance(name, limits))
    agreement = _compare_sample(readers.pypdf, fast)
    if agreement is None:
        fast.warnings.append(say.NOT_COMPARED)
    elif not agreement.holds:
        slow = _read_by_pypdf(readers.pypdf, fast, _Allowance(name, limits))
        slow.warnings.append(say.readers_disagree(agreement.apart))
        return slow
    _fill_from_pypdf(readers.pypdf, fast, _Allowance(name, limits))
    return fast


def _compare_sample(pypdf: PypdfReader, fast: PageTexts) -> Agreement | None:
    """None where pypdf can read none of the pages."""
    sample = spread([index for index, text in enumerate(fast.pages) if text.strip()])
    both = [(index, fast.pages[index], pypdf.text(index)) for index in sample]
    compared = [(index, one, other) for index, one, other in both if other is not None]
    return None if sample and not compared else compare(compared)


def _read_by_pdfium(pdfium: PdfiumReader | None, count: int, allowance: _Allowance) -> PageTexts:
    """Without pdfium, all pages have failed so far."""
    texts = PageTexts([])
    for index in range(count):
        text, blank = pdfium.read(index) if pdfium else (None, False)
        texts.pages.append(allowance.spend(text or ""))
        if blank:
            texts.blank.add(index)
        if text is None:
            texts.failed.add(index)
    return texts


def _read_by_pypdf(pypdf: PypdfReader, fast: PageTexts, allowance: _Allowance) -> PageTexts:
    """pypdf's text, and what `fast` has on pages where pypdf finds none."""
    texts = PageTexts([], set(fast.blank))
    for index, other in enumerate(fast.pages):
        text = pypdf.text(index)
        texts.pages.append(allowance.spend(text if text and text.strip() else other))
        if text is None and index in fast.failed:
            texts.failed.add(index)
        elif not texts.pages[-1].strip() and pypdf.is_blank(index):
            texts.blank.add(index)
    return texts


def _fill_from_pypdf(pypdf: PypdfReader, fast: PageTexts, allowance: _Allowance) -> None:
    """Ask pypdf about pages that show something but on which pdfium finds no text."""
    for index, text in enumerate(fast.pages):
        if text.strip() or index in fast.blank:
            allowance.spend(text)
            continue
        found = pypdf.text(index)
        fast.pages[index] = allowance.spend(found or "")
        if found is not None:
            fast.failed.discard(index)
