"""Characters into lines."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from .rectangles import Rectangle

# In heights of the line. A gap as wide as LARGEST_GAP is no space between words but one between columns.
_LARGEST_GAP = 0.75
_PADDING_ACROSS = 0.1
_PADDING_DOWN = 0.04


@dataclass(frozen=True)
class Mark:
    """A character's place on the picture. Of a sideways one the line runs up or down the picture."""

    place: Rectangle
    sideways: bool = False


def lines(marks: Iterable[Mark]) -> list[Rectangle]:
    """One padded rectangle for each line, or part of a line, that the marks stand in, in their order."""
    found: list[Mark] = []
    for mark in marks:
        upright = Mark(mark.place.turned(), True) if mark.sideways else mark
        if found and _continues(found[-1], upright):
            found[-1] = replace(upright, place=found[-1].place.united(upright.place))
        else:
            found.append(upright)
    return [_padded(line) for line in found]


def _continues(line: Mark, mark: Mark) -> bool:
    """Whether the mark overlaps the line by more than half of the lower one's height, and stands close to it."""
    one, other = line.place, mark.place
    overlap = min(one.bottom, other.bottom) - max(one.top, other.top)
    gap = max(other.left - one.right, one.left - other.right)
    lower, higher = sorted((one.height, other.height))
    return line.sideways == mark.sideways and overlap > lower / 2 and gap <= _LARGEST_GAP * higher


def _padded(line: Mark) -> Rectangle:
    height = line.place.height
    padded = line.place.grown(_PADDING_ACROSS * height, _PADDING_DOWN * height)
    return padded.turned() if line.sideways else padded
