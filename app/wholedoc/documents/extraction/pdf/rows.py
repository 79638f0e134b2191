"""The lines of a page's text, with their wide gaps and where these are on the page."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ...lines import line_spans

# A gap is wide from so many heights of its line on. Words that are spread to fill a line may have more between,
# but then all of the line's gaps are alike, and not so wide.
WIDE, ALIKE, SPREAD = 0.75, 1.6, 1.5
# Two rows are so many heights apart at most, and so many more for each line between them.
FARTHEST = 2.5
# What opens an entry of a list, and the number of an equation: what stands beside them is no cell.
_MARKER = re.compile(r"[•◦▪●○■–—*·‣-]|[(\[]?\w{1,4}[.)\]]|\[[\w+-]{1,12}\]|\(?(?:\d{1,3}|[A-Z])(?:\.\d{1,3})*[.)]?")
_WORD = re.compile(r"[^\W\d_]{3}")
_EQUATION = re.compile(r"\([A-Z]?\.?\d{1,3}(?:\.\d{1,3})*[a-z]?\)")
_LEADERS = re.compile(r"(?:\. ?){4,}")
_SPACES = re.compile(r"(?<=\S) +(?=\S)")


@dataclass(frozen=True)
class Box:
    """Where a character stands on its page, in points, with the room that its font gives it."""

    left: float
    right: float
    bottom: float
    height: float


@dataclass(frozen=True)
class Gap:
    """A wide gap in a line: the characters [start, stop) of the text, from `left` to `right` on the page."""

    start: int
    stop: int
    left: float
    right: float

    def meets(self, other: Gap) -> bool:
        return min(self.right, other.right) > max(self.left, other.left)


@dataclass
class Row:
    """A line of the text, [start, stop), with its gaps."""

    start: int
    stop: int
    gaps: list[Gap] = field(default_factory=list)
    bottom: float = 0.0
    height: float = 0.0

    def cells(self, text: str) -> list[str]:
        edges = [self.start, *(edge for gap in self.gaps for edge in (gap.start, gap.stop)), self.stop]
        return [text[edges[at] : edges[at + 1]].strip() for at in range(0, len(edges), 2)]

    def is_below(self, other: Row, between: int) -> bool:
        """Return whether it is close below the other, but for so many lines, and its gaps are at the same places.

        Of the row that has fewer gaps, all have to meet some of the other.
        """
        if not 0 <= other.bottom - self.bottom <= FARTHEST * (between + 1) * max(self.height, other.height):
            return False
        fewer, more = sorted((self.gaps, other.gaps), key=len)
        return all(any(gap.meets(one) for one in more) for gap in fewer)


BoxOf = Callable[[int], Box | None]
"""Tells where the character with an index in the text is."""


def rows_of(text: str, box: BoxOf) -> list[Row]:
    """Return all lines of a page's text."""
    return [_row(text, start, stop, box) for start, stop in line_spans(text)]


def _row(text: str, start: int, stop: int, box: BoxOf) -> Row:
    row = Row(start, stop)
    if _LEADERS.search(text, start, stop):
        return row
    widths = []
    for match in _SPACES.finditer(text, start, stop):
        before, behind = box(match.start() - 1), box(match.end())
        if before is None or behind is None:
            continue
        width, height = behind.left - before.right, max(before.height, behind.height, 1e-6)
        widths.append(width)
        if width > WIDE * height:
            row.gaps.append(Gap(*match.span(), before.right, behind.left))
            row.bottom, row.height = before.bottom, height
    if len(row.gaps) == len(widths) > 3 and max(widths) < min(ALIKE * min(widths), SPREAD * row.height):
        row.gaps.clear()
    if len(row.gaps) == 1:
        first, second = row.cells(text)
        if (_MARKER.fullmatch(first) and _WORD.search(second)) or _EQUATION.fullmatch(second):
            row.gaps.clear()
    return row


def body_of(table: Sequence[Row]) -> list[Row]:
    """Return the rows of a table that have as many cells as most have."""
    gaps = Counter(len(row.gaps) for row in table).most_common(1)[0][0]
    return [row for row in table if len(row.gaps) == gaps]


def borders_of(body: Sequence[Row]) -> list[float]:
    """Return where the columns end, in the middle of what is free in all rows; none if nothing is."""
    free = [
        (max(gap.left for gap in gaps), min(gap.right for gap in gaps))
        for gaps in zip(*(row.gaps for row in body), strict=True)
    ]
    return [(left + right) / 2 for left, right in free] if all(left < right for left, right in free) else []
