"""The cells of tables in a page's text: where lines below each other have wide gaps at the same places.

pdfium writes a line as it is drawn, with a single space between the cells of a row. Lines are compared by where
their gaps are on the page, so that a table is found with or without rules.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...tables import BAR, SENTENCE
from .heads import Head, head_of
from .rows import BoxOf, Row, body_of, borders_of, rows_of

# A table has so many rows, or so many if each has two cells only: two such lines may be below each other by chance.
_FEWEST_ROWS, _FEWEST_PAIRS = 2, 3
# Its gaps have so many heights in the mean.
_WIDE_IN_THE_MEAN = 1.2
# Cells are short and end in no full stop: a list of terms with a sentence for each, or two columns of prose, is no
# table. Of four rows, one may have such a cell.
_LONGEST_CELL = 45
# What is shorter may end in a sign: "20:" is a number that is not sure.
_LONGEST_NUMBER = 12
# Lines without a gap that may stand between two rows: the rest of a cell that goes over several lines.
_MOST_BETWEEN = 2


def bars(text: str, box: BoxOf) -> list[tuple[int, int, str]]:
    """Return what puts " | " between the cells of each row of a table on a page: start, stop, and the text instead.

    The names of the columns, where they go over several lines, become one row. `box` tells where a character is.
    """
    rows = rows_of(text, box)
    changes: list[tuple[int, int, str]] = []
    for table in _tables(rows, text):
        head = head_of(rows, table, text, box)
        if head is not None:
            changes.append((head.start, head.stop, head.text))
        borders = borders_of(body_of(table))
        changes += [one for row in table if not _is_in(row, head) for one in _divided(row, borders, box)]
    return sorted(changes)


def _divided(row: Row, borders: Sequence[float], box: BoxOf) -> Iterator[tuple[int, int, str]]:
    """Yield the bars of a row, with what they take the place of; a cell that is empty in it has bars around it."""
    first = box(row.start)
    empty = sum(border < first.left for border in borders) if first else 0
    if empty:
        yield row.start, row.start, empty * BAR
    for gap in row.gaps:
        crossed = sum(gap.left < border < gap.right for border in borders)
        yield gap.start, gap.stop, max(crossed, 1) * BAR


def _is_in(row: Row, head: Head | None) -> bool:
    return head is not None and head.start <= row.start < head.stop


def _tables(rows: Sequence[Row], text: str) -> Iterator[list[Row]]:
    """Yield the rows of each table."""
    table: list[Row] = []
    between = 0
    for row in rows:
        if row.gaps and (not table or row.is_below(table[-1], between)):
            table.append(row)
            between = 0
            continue
        between += 1
        if row.gaps or between > _MOST_BETWEEN:
            if _is_table(table, text):
                yield table
            table, between = ([row] if row.gaps else []), 0
    if _is_table(table, text):
        yield table


def _is_table(rows: Sequence[Row], text: str) -> bool:
    if len(rows) < (_FEWEST_ROWS if any(len(row.gaps) > 1 for row in rows) else _FEWEST_PAIRS):
        return False
    wide = [(gap.right - gap.left) / row.height for row in rows for gap in row.gaps]
    if sum(wide) < _WIDE_IN_THE_MEAN * len(wide):
        return False
    cells = [cell for row in rows for cell in row.cells(text)]
    unlike = sum(
        len(cell) > _LONGEST_CELL or (len(cell) > _LONGEST_NUMBER and bool(SENTENCE.search(cell))) for cell in cells
    )
    return unlike * 4 <= len(rows)
