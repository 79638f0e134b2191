"""The names of a table's columns, which go over several lines where the columns are narrow."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from ...tables import BAR, CELL, HEAD_LINES
from .rows import FARTHEST, BoxOf, Row, body_of, borders_of

_WORD = re.compile(r"\S+")
# Words of two columns have so many heights between them at least, and a column holds so much of a name's width.
_APART, _MOST_OF_IT = 0.5, 0.65
# With fewer rows it is not sure where the columns are.
_FEWEST_ROWS = 3
# Words whose feet are so many heights of the table's rows apart at most stand on one line.
_LEVEL = 0.6


@dataclass(frozen=True)
class Head:
    """The characters [start, stop) of a page's text that name columns, and the row that takes their place."""

    start: int
    stop: int
    text: str


@dataclass(frozen=True)
class _Piece:
    """Words that stand together, and where, in points."""

    left: float
    right: float
    bottom: float
    text: str


@dataclass(frozen=True)
class _Name:
    """What stands in line `line` in a column, with its foot on the page."""

    line: int
    column: int
    bottom: float
    text: str


def head_of(rows: Sequence[Row], table: Sequence[Row], text: str, box: BoxOf) -> Head | None:
    """Return what names a table's columns if that goes over several lines; None else, or if that is not sure."""
    body = _without_names(body_of(table), text)
    borders = borders_of(body) if len(body) >= _FEWEST_ROWS else []
    first = rows.index(body[0])
    names: list[_Name] = []
    for line in range(first - 1, max(first - 1 - HEAD_LINES, -1), -1):
        found = list(_names(rows[line], line, borders, text, box)) if borders else []
        if not found:
            break
        names = found + names
    names = _below_the_title(names, body[0])
    lines = sorted({name.line for name in names})
    if len(lines) < 2 or lines != list(range(lines[0], first)):
        return None
    cells = [
        " ".join(name.text for name in sorted(names, key=lambda one: -one.bottom) if name.column == column)
        for column in range(len(borders) + 1)
    ]
    return Head(rows[lines[0]].start, rows[lines[-1]].stop, BAR.join(cells))


def _without_names(body: list[Row], text: str) -> list[Row]:
    """Leave out a first row that names columns: in one of them it has no number, where all rows below have one."""
    first, *others = (row.cells(text) for row in body)
    columns = zip(first, *others, strict=True)
    named = any(
        not CELL.fullmatch(name) and all(map(CELL.fullmatch, cells)) for name, *cells in columns if len(cells) > 1
    )
    return body[1:] if named else body


def _names(row: Row, line: int, borders: Sequence[float], text: str, box: BoxOf) -> Iterator[_Name]:
    """Yield what stands in a line with its columns; nothing if any of it goes over columns, as prose does."""
    pieces: list[_Piece] = []
    for match in _WORD.finditer(text, row.start, row.stop):
        first, last = box(match.start()), box(match.end() - 1)
        if first is None or last is None:
            return
        height = max(first.height, 1e-6)
        if pieces and first.left - pieces[-1].right < _APART * height:
            pieces[-1] = replace(pieces[-1], right=last.right, text=f"{pieces[-1].text} {match[0]}")
        else:
            pieces.append(_Piece(first.left, last.right, first.bottom, match[0]))
    names = [(_column(piece, borders), piece) for piece in pieces]
    if all(column is not None for column, _ in names):
        yield from (_Name(line, column, one.bottom, one.text) for column, one in names if column is not None)


def _column(piece: _Piece, borders: Sequence[float]) -> int | None:
    """Return the column that holds most of a piece; None if it goes over two. A name may be wider than cells."""
    edges = [-math.inf, *borders, math.inf]
    shares = [
        (min(piece.right, right) - max(piece.left, left)) / max(piece.right - piece.left, 1e-6)
        for left, right in pairwise(edges)
    ]
    return shares.index(max(shares)) if max(shares) >= _MOST_OF_IT else None


def _below_the_title(names: list[_Name], body: Row) -> list[_Name]:
    """Leave out what stands above the highest line on which two columns have a name: that is the table's title.

    The names must be close above each other, and above the table's body.
    """
    height = max(body.height, 1e-6)
    levels: list[list[_Name]] = []
    for name in sorted(names, key=lambda one: one.bottom):
        if levels and name.bottom - levels[-1][0].bottom < _LEVEL * height:
            levels[-1].append(name)
        else:
            levels.append([name])
    kept: list[list[_Name]] = []
    below = body.bottom
    for level in levels:
        if not 0 < level[0].bottom - below <= FARTHEST * height:
            break
        below = level[0].bottom
        kept.append(level)
    while kept and len({name.column for name in kept[-1]}) < 2:
        kept.pop()
    return sorted((name for level in kept for name in level), key=lambda one: one.line)
