"""Dividing text without pages into pages, so that a citation can point somewhere."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate

from ...document import OutlineEntry
from .extracted import Extracted

PAGE_CHARACTERS = 3000
"""The length of a page in characters: about one printed page."""

_SHORTEST = PAGE_CHARACTERS * 3 // 5
_LONGEST_UNBROKEN = 2 * PAGE_CHARACTERS
_LONGEST_FED = 4 * PAGE_CHARACTERS  # in characters; a page between form feeds is not divided up to this length


@dataclass(frozen=True)
class Heading:
    """`offset` is the index of the heading's line in the text before it is divided into pages."""

    title: str
    level: int
    offset: int


def paginate(text: str) -> list[tuple[str, str]]:
    """Divide `text` into `(page, label)` pairs as `divide` does; the pages have no form feeds."""
    return [(page.removesuffix("\f"), label) for page, label in divide(text)]


def divide(text: str) -> list[tuple[str, str]]:
    """Divide `text` into `(page, label)` pairs; the pages put together are `text`.

    Form feeds end pages where the text has them. Otherwise a page is about `PAGE_CHARACTERS` long and
    ends at the end of a paragraph, else of a line, else of a word; labels are "1", "2", and so on.
    A page between form feeds that is far too long is divided the same way, into "3.1", "3.2".
    """
    *fed, last = text.split("\f")
    if not fed:
        return [(page, str(number)) for number, page in enumerate(_divide(text), 1)]
    pages: list[tuple[str, str]] = []
    for number, page in enumerate(fed, 1):
        pages += _fed(page, number)
        pages[-1] = (f"{pages[-1][0]}\f", pages[-1][1])
    if last:  # else the form feed ends the last page
        pages += _fed(last, len(fed) + 1)
    return pages


def extracted_from_text(text: str, headings: list[Heading], warnings: tuple[str, ...]) -> Extracted:
    """Divide `text` into pages, and make an outline that points to the pages of the headings."""
    pages = paginate(text)
    ends = list(accumulate(len(page) for page, _ in pages))
    feeds = [match.start() for match in re.finditer("\f", text)]
    outline = []
    for heading in headings:
        before = heading.offset - bisect_right(feeds, heading.offset)
        page = min(bisect_right(ends, before), len(pages) - 1) + 1
        outline.append(OutlineEntry(heading.title, heading.level, page))
    return Extracted(tuple(pages), tuple(outline), warnings)


def _fed(page: str, number: int) -> list[tuple[str, str]]:
    """Divide a page between form feeds if it is far too long, and label it and its parts."""
    if len(page) <= _LONGEST_FED:
        return [(page, str(number))]
    return [(part, f"{number}.{index}") for index, part in enumerate(_divide(page), 1)]


def _divide(text: str) -> list[str]:
    pages = []
    start = 0
    while len(text) - start > PAGE_CHARACTERS:
        end = _page_end(text, start)
        pages.append(text[start:end])
        start = end
    pages.append(text[start:])
    return pages


def _page_end(text: str, start: int) -> int:
    """Return where the page that begins at `start` ends. The separator belongs to it, so none is lost."""
    latest = start + PAGE_CHARACTERS
    for separator in ("\n\n", "\n", ". ", " "):
        position = text.rfind(separator, start + _SHORTEST, latest)
        if position >= 0:
            return position + len(separator)
    for position in range(latest, min(start + _LONGEST_UNBROKEN, len(text))):
        if text[position].isspace():
            return position + 1
    # This is one endless word, or a script without spaces, so there is no better place.
    return latest
