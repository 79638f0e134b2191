"""Finding the boxes that cover a quote on a page, and those of its lines."""

from __future__ import annotations

from collections.abc import Iterator, Set
from typing import Any

from .drawing import Size
from .locating.letters import Letters
from .locating.lines import lines
from .locating.matching import find, occurrences
from .locating.page_text import PageText
from .locating.rectangles import Rectangle
from .locating.text_lines import text_lines
from .page_image import Box, TextLine


def boxes_of(page: Any, quote: str, size: Size) -> list[Box]:
    """Return a box for each line of `quote` on pdfium's `page`, drawn in `size`; none where it is not found."""
    wanted = Letters.of(quote)
    if not wanted.text:
        return []
    text = PageText(page, size)
    indexes = sorted(set(_found(text, quote, wanted)))
    marks = (text.mark(index) for index in indexes)
    return [_box(line, size) for line in lines(mark for mark in marks if mark is not None)]


def occurrences_of(page: Any, words: str, size: Size) -> list[list[Box]]:
    """Return the boxes of each occurrence of `words` on a page, also inside of longer words, in reading order."""
    wanted = Letters.of(words)
    if not wanted.text:
        return []
    text = PageText(page, size)
    letters = Letters.of(text.characters)
    apart = len(words.split()) > 1
    found = []
    for at in occurrences(letters.text, wanted.text):
        first, last = letters.origins[at], letters.origins[at + len(wanted.text) - 1]
        if apart and not any(one.isspace() for one in text.characters[first : last + 1]):
            continue  # "is it" is not in "visit"
        marks = (text.mark(index) for index in range(first, last + 1))
        found.append([_box(line, size) for line in lines(mark for mark in marks if mark is not None)])
    return [boxes for boxes in found if boxes]


def lines_of(page: Any, size: Size) -> list[TextLine]:
    """Return the lines of pdfium's `page`, drawn in `size`, in the order of the file."""
    return [TextLine(said, _box(room, size)) for said, room in text_lines(PageText(page, size)) if said]


def _found(text: PageText, quote: str, wanted: Letters) -> Iterator[int]:
    """Yield the indexes of the page's characters that belong to the quote, with punctuation around its letters."""
    letters = Letters.of(text.characters)
    for run in find(letters, wanted.text):
        stop = run.quote + run.length
        first, last = letters.origins[run.page], letters.origins[run.page + run.length - 1]
        first = _beyond(text.characters, first, -1, wanted.signs_before(run.quote, quote))
        last = _beyond(text.characters, last, 1, wanted.signs_before(stop, quote))
        yield from range(first, last + 1)


def _beyond(characters: list[str], index: int, step: int, signs: Set[str]) -> int:
    """Return the last index, from `index` on by `step`, up to which all further characters are among `signs`."""
    while 0 <= index + step < len(characters) and characters[index + step] in signs:
        index += step
    return index


def _box(line: Rectangle, size: Size) -> Box:
    shown = line.within(Rectangle(0, 0, size.width, size.height))
    return Box(
        round(shown.left / size.width, 6),
        round(shown.top / size.height, 6),
        round(shown.width / size.width, 6),
        round(shown.height / size.height, 6),
    )
