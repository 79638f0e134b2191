"""Where a quote stands on a page that was recognised: by the places of its lines."""

from __future__ import annotations

import re

from ..document import Page
from ..rendering.page_image import Box, TextLine


def quote_boxes(page: Page, quote: str) -> tuple[Box, ...]:
    """Return a box for each line that the quote is on, in fractions of the page; none if it is not in the text.

    The part of a line is taken as if all its letters were equally wide.
    """
    found = _place(page.text, quote)
    return () if found is None else boxes_between(page, *found)


def boxes_between(page: Page, start: int, stop: int) -> tuple[Box, ...]:
    """Return a box for each line that the characters [start, stop) of a page's text are on."""
    boxes = []
    for line in page.lines:
        first, last = max(start, line.start), min(stop, line.stop)
        if first < last:
            letter = line.width / (line.stop - line.start)
            boxes.append(
                Box(line.left + (first - line.start) * letter, line.top, (last - first) * letter, line.height)
            )
    return tuple(boxes)


def line_boxes(page: Page) -> tuple[TextLine, ...]:
    """Return what each line of the page says, and where it stands."""
    return tuple(
        TextLine(page.text[line.start : line.stop], Box(line.left, line.top, line.width, line.height))
        for line in page.lines
    )


def _place(text: str, quote: str) -> tuple[int, int] | None:
    """Return where a quote begins and ends in a text; white space may differ."""
    words = quote.split()
    if not words:
        return None
    match = re.search(r"\s+".join(map(re.escape, words)), text)
    return match.span() if match else None
