"""Joining the places of characters into lines."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from .rectangles import Rectangle

# In heights of the line. A gap wider than _LARGEST_GAP stands between columns, not between words.
_LARGEST_GAP = 0.75
_PADDING_ACROSS = 0.1
_PADDING_DOWN = 0.04


@dataclass(frozen=True)
class Mark:
    """The place of a character on the picture. If it is `sideways`, its line runs up or down the picture."""

    place: Rectangle
    sideways: bool = False


def lines(marks: Iterable[Mark]) -> list[Rectangle]:
    """Return a padded rectangle for each line, or part of a line, of the marks, in their order."""
    found: list[Mark] = []
    for mark in marks:
        upright = Mark(mark.place.turned(), True) if mark.sideways else mark
        if found and continues(found[-1], upright):
            found[-1] = replace(upright, place=found[-1].place.united(upright.place))
        else:
            found.append(upright)
    return [_padded(line) for line in found]


def continues(line: Mark, mark: Mark) -> bool:
    """Return whether the mark stands close to the line and overlaps it by more than half of the lesser height."""
    one, other = line.place, mark.place
    overlap = min(one.bottom, other.bottom) - max(one.top, other.top)
    gap = max(other.left - one.right, one.left - other.right)
    lower, higher = sorted((one.height, other.height))
    return line.sideways == mark.sideways and overlap > lower / 2 and gap <= _LARGEST_GAP * higher


def _padded(line: Mark) -> Rectangle:
    height = line.place.height
    padded = line.place.grown(_PADDING_ACROSS * height, _PADDING_DOWN * height)
    return padded.turned() if line.sideways else padded
