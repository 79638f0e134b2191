"""A document: pages of text with their labels and offsets, its outline, and what went wrong reading it."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from .bodies import Body, bodies

PAGE_SEPARATOR = "\n\n"


# Labels that are numbers on pages: "12", "iv", "A-3", "B.2", "12a". Any other is the name of a slide or a heading.
_NUMBER = re.compile(r"|[ivxlcdm]+|[IVXLCDM]+|[A-Za-z]|[A-Za-z]{0,3}[-.–]?\d+(?:[-.–]\d+)*[a-z]?")


def place(label: str) -> str:
    """Return how a page is cited: "p. 12" by its number, and a slide, a sheet or a chapter by its own name."""
    return label if _is_name(label) else f"p. {label}"


def places(labels: Sequence[str]) -> str:
    """Return how several pages are cited, each once: "p. 12, 14", and those with a name of their own by it."""
    numbers = ", ".join(dict.fromkeys(label for label in labels if not _is_name(label)))
    return ", ".join(filter(None, (f"p. {numbers}" if numbers else "", *dict.fromkeys(filter(_is_name, labels)))))


def span(first: str, last: str) -> str:
    """Return how the pages from one to another are cited: "pp. 12–14"."""
    if first == last:
        return place(first)
    return f"{place(first)} – {place(last)}" if _is_name(first) or _is_name(last) else f"pp. {first}–{last}"


def _is_name(label: str) -> bool:
    return _NUMBER.fullmatch(label) is None


@dataclass(frozen=True)
class Line:
    """Characters [start, stop) of a page's text, and where they stand on it, in fractions of its size."""

    start: int
    stop: int
    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True)
class Page:
    """One page. `offset` is the index of its first character in `Document.text`.

    The text of a page that was recognised (OCR) has a `confidence` from 0 to 1, and the places of its `lines`.
    """

    text: str
    label: str
    offset: int
    confidence: float | None = None
    lines: tuple[Line, ...] = ()

    def __post_init__(self) -> None:
        given: Any = self.lines  # as JSON keeps them, or as lines
        known = tuple(Line(**line) if isinstance(line, dict) else line for line in given)
        object.__setattr__(self, "lines", known)

    @property
    def note(self) -> str:
        """What a person should know about how the text came about; mostly nothing."""
        return "" if self.confidence is None else f"recognised, confidence {self.confidence:.2f}"


@dataclass(frozen=True)
class OutlineEntry:
    """A bookmark or heading: `level` counts from 1, `page` is the 1-based page number."""

    title: str
    level: int
    page: int


@dataclass(frozen=True)
class Document:
    """A whole document. `id` is the sha256 of the file's bytes in hexadecimal; a text that came without a file has
    one of another form. `separator` stands between the pages where the model reads them.
    """

    id: str
    name: str
    pages: tuple[Page, ...]
    outline: tuple[OutlineEntry, ...] = ()
    warnings: tuple[str, ...] = ()
    separator: str = PAGE_SEPARATOR

    @classmethod
    def from_pages(
        cls,
        id: str,
        name: str,
        pages: list[tuple[str, str]],
        outline: tuple[OutlineEntry, ...] = (),
        warnings: tuple[str, ...] = (),
        separator: str = PAGE_SEPARATOR,
    ) -> Document:
        """Build a document from `(text, label)` pairs, and work out where each page begins."""
        built: list[Page] = []
        offset = 0
        for text, label in pages:
            built.append(Page(text, label, offset))
            offset += len(text) + len(separator)
        return cls(id, name, tuple(built), outline, warnings, separator)

    @cached_property
    def text(self) -> str:
        """All pages joined by `separator`: what the model reads."""
        return self.separator.join(page.text for page in self.pages)

    @cached_property
    def bodies(self) -> tuple[Body, ...]:
        """Where the running text of each page stands, without running heads, page numbers and footnotes."""
        return tuple(bodies([page.text for page in self.pages]))

    @cached_property
    def _offsets(self) -> list[int]:
        return [page.offset for page in self.pages]

    def page_index_at(self, offset: int) -> int:
        """Return the 0-based index of the page that holds the character at `offset`.

        A separator belongs to the page before it.
        """
        return max(bisect_right(self._offsets, offset) - 1, 0)

    @property
    def pages_without_text(self) -> tuple[int, ...]:
        """1-based numbers of the pages that have no text."""
        return tuple(number for number, page in enumerate(self.pages, 1) if not page.text.strip())
