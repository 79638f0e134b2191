"""Lines of text where they stand on a page, put into the order in which people read them."""

from __future__ import annotations

import math
import statistics
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from ..document import Line

# A gap between two columns lies in the middle of the page; each column has so many lines, so much of the width.
_GUTTER_FROM, _GUTTER_TO, _GUTTER_STEP = 0.35, 0.65, 0.01
_COLUMN_LINES, _COLUMN_WIDTH = 6, 0.25
_SHORT_WIDTH = 0.1
# Pieces whose middles are less than so many heights apart are a row; with a gap of so many heights they are cells.
_SAME_ROW, _CELL_GAP = 0.5, 1.2
# A gap between lines of more than so many heights ends a paragraph.
_PARAGRAPH_GAP = 0.9


@dataclass(frozen=True)
class Piece:
    """A piece of text as the recogniser found it: its four corners in fractions of the page, and how sure it is."""

    text: str
    confidence: float
    corners: tuple[tuple[float, float], ...]

    @property
    def left(self) -> float:
        return min(x for x, _ in self.corners)

    @property
    def right(self) -> float:
        return max(x for x, _ in self.corners)

    @property
    def top(self) -> float:
        return min(y for _, y in self.corners)

    @property
    def bottom(self) -> float:
        return max(y for _, y in self.corners)


@dataclass(frozen=True)
class _Placed:
    """A piece with its place on the page as it would stand there without tilt."""

    piece: Piece
    left: float
    right: float
    middle: float
    height: float


def page_of(pieces: Sequence[Piece], shape: float) -> tuple[str, float, tuple[Line, ...]]:
    """Return a page's text in reading order, how sure it is, and where its lines stand.

    `shape` is the page's height in widths. Pieces beside each other become the cells of a row, and columns are read
    one after the other.
    """
    if not pieces:
        return "", 0.0, ()
    placed = _straightened(pieces, shape)
    text, lines = "", []
    before: list[_Placed] = []
    for row in [row for column in _columns(placed) for row in _rows(column)]:
        text += _between(before, row) if before else ""
        for index, one in enumerate(row):
            if index:
                gap = (one.left - row[index - 1].right) / shape
                text += " | " if gap > _CELL_GAP * one.height else " "
            lines.append(_line(one.piece, len(text)))
            text += one.piece.text
        before = row
    letters = sum(len(piece.text) for piece in pieces) or 1
    confidence = sum(piece.confidence * len(piece.text) for piece in pieces) / letters
    return text, round(min(max(confidence, 0.0), 1.0), 4), tuple(lines)


def _line(piece: Piece, start: int) -> Line:
    left, top = min(max(piece.left, 0.0), 1.0), min(max(piece.top, 0.0), 1.0)
    right, bottom = min(max(piece.right, left), 1.0), min(max(piece.bottom, top), 1.0)
    edges = (round(edge, 5) for edge in (left, top, right - left, bottom - top))
    return Line(start, start + len(piece.text), *edges)


def _straightened(pieces: Sequence[Piece], shape: float) -> list[_Placed]:
    """Turn the pieces back by the angle that most of them have, each counting by its length."""
    angles = sorted((_angle(piece, shape), piece.right - piece.left) for piece in pieces)
    passed = list(accumulate(width for _, width in angles))
    tilt = angles[bisect_left(passed, passed[-1] / 2)][0]
    cosine, sine = math.cos(-tilt), math.sin(-tilt)
    placed = []
    for piece in pieces:
        turned = [(x * cosine - y * shape * sine, x * sine + y * shape * cosine) for x, y in piece.corners]
        xs, ys = [x for x, _ in turned], [y for _, y in turned]
        height = max((max(ys) - min(ys)) / shape, 1e-6)
        placed.append(_Placed(piece, min(xs), max(xs), (min(ys) + max(ys)) / 2 / shape, height))
    return placed


def _angle(piece: Piece, shape: float) -> float:
    (x1, y1), (x2, y2) = piece.corners[0], piece.corners[1]
    return math.atan2((y2 - y1) * shape, x2 - x1) if x2 > x1 else 0.0


def _columns(placed: Sequence[_Placed]) -> list[list[_Placed]]:
    """Divide a page into columns: what stands across both ends the columns above it."""
    ordered = sorted(placed, key=lambda one: one.middle)
    gutter = _gutter(ordered)
    if gutter is None:
        return [ordered]
    parts: list[list[_Placed]] = []
    left: list[_Placed] = []
    right: list[_Placed] = []
    for one in ordered:
        if _is_between(one, gutter):
            parts += [left, right, [one]]
            left, right = [], []
        elif one.right <= gutter:
            left.append(one)
        elif one.left >= gutter:
            right.append(one)
        else:
            parts += [left, right, [one]]
            left, right = [], []
    return [part for part in (*parts, left, right) if part]


def _is_between(one: _Placed, gutter: float) -> bool:
    """Return whether a piece is short and stands in the middle, as a page's number does."""
    return one.right - one.left < _SHORT_WIDTH and abs((one.left + one.right) / 2 - gutter) < _SHORT_WIDTH / 2


def _gutter(placed: Sequence[_Placed]) -> float | None:
    """Return where the gap between two columns is: few pieces cross it, and both sides are lines of prose."""
    steps = round((_GUTTER_TO - _GUTTER_FROM) / _GUTTER_STEP)
    places = [_GUTTER_FROM + index * _GUTTER_STEP for index in range(steps + 1)]
    crossing = {place: sum(one.left < place < one.right for one in placed) for place in places}
    fewest = min(crossing.values())
    best = [place for place in places if crossing[place] == fewest]
    gutter = best[len(best) // 2]
    for side in ([one for one in placed if one.right <= gutter], [one for one in placed if one.left >= gutter]):
        widths = [one.right - one.left for one in side]
        if len(side) < max(_COLUMN_LINES, 2 * fewest) or statistics.median(widths) < _COLUMN_WIDTH:
            return None
    return gutter


def _rows(placed: Sequence[_Placed]) -> list[list[_Placed]]:
    """Group pieces into rows from top to bottom, each from left to right."""
    rows: list[list[_Placed]] = []
    for one in sorted(placed, key=lambda one: one.middle):
        last = rows[-1] if rows else []
        near = last and abs(one.middle - last[0].middle) < _SAME_ROW * min(one.height, last[0].height)
        if near and all(one.left >= other.right - 0.01 or one.right <= other.left + 0.01 for other in last):
            last.append(one)
        else:
            rows.append([one])
    return [sorted(row, key=lambda one: one.left) for row in rows]


def _between(before: Sequence[_Placed], row: Sequence[_Placed]) -> str:
    gap = row[0].middle - before[0].middle - (row[0].height + before[0].height) / 2
    return "\n\n" if gap > _PARAGRAPH_GAP * min(row[0].height, before[0].height) or gap < -row[0].height else "\n"
