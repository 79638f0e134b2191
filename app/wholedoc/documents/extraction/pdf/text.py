"""The text of every page of an open PDF."""

from __future__ import annotations

from dataclasses import dataclass, field

from ....errors import ExtractionLimitError
from ..limits import ExtractionLimits
from .readers import Readers


@dataclass
class PageTexts:
    """The raw text of each page, empty where it has none.

    `blank` holds the indexes of pages on which nothing is drawn, and `failed` those of pages that cannot be read.
    """

    pages: list[str] = field(default_factory=list)
    blank: set[int] = field(default_factory=set)
    failed: set[int] = field(default_factory=set)


def read_texts(readers: Readers, name: str, limits: ExtractionLimits) -> PageTexts:
    """Read all pages. Raises `ExtractionLimitError` where they have more characters than allowed."""
    texts = PageTexts()
    left = limits.characters
    for index in range(readers.page_count):
        text, blank = readers.pdfium.read(index)
        left -= len(text or "")
        if left < 0:
            raise ExtractionLimitError(
                f"{name} has more than {limits.characters:,} characters of text: split it into smaller files."
            )
        texts.pages.append(text or "")
        if blank:
            texts.blank.add(index)
        if text is None:
            texts.failed.add(index)
    return texts
