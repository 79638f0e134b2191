"""What the text of a page says, line by line, with the room that each line takes on the picture."""

from __future__ import annotations

from dataclasses import dataclass

from .lines import Mark, continues
from .page_text import PageText
from .rectangles import Rectangle


@dataclass
class _Line:
    """Characters [first, last] of the page, and the room that they take."""

    first: int
    last: int
    room: Mark


def text_lines(text: PageText) -> list[tuple[str, Rectangle]]:
    """Return the page's lines, or parts of lines that stand apart, in the order of the file.

    Blanks within a line belong to it. Lines that run up or down the page are left out, since letters laid over them
    could not be selected as people expect.
    """
    found: list[_Line] = []
    for index in range(len(text.characters)):
        mark = text.mark(index)
        if mark is None or mark.sideways:
            continue
        if found and continues(found[-1].room, mark):
            room = Mark(found[-1].room.place.united(mark.place))
            found[-1] = _Line(found[-1].first, index, room)
        else:
            found.append(_Line(index, index, mark))
    return [(_said(text.characters[line.first : line.last + 1]), line.room.place) for line in found]


def _said(characters: list[str]) -> str:
    return " ".join("".join(characters).split())
