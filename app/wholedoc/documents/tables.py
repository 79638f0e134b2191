"""Tables in a page's text: rows of cells with bars between them, or of numbers, and what names their columns."""

from __future__ import annotations

import re

# A cell with a number, or the dash that stands in its place.
CELL = re.compile(r"[-+(]?[$€£]?\d[\d.,:/]*%?\)?|[–—-]")
# Stands between the cells of a row where the file said which they are.
BAR = " | "
# A head has at most so many lines: column names are broken where the columns are narrow.
HEAD_LINES = 6
# Text that ends like this is a sentence and no column's name.
SENTENCE = re.compile(r"[.;:!?]\s*$")


def table_head(text: str, start: int, stop: int) -> str | None:
    """Return what stands above the table in characters [start, stop) of a page and is left out there, as one line.

    It says what the columns are. Returns an empty text if it is there too, and None if no row of a table is there.
    """
    lines = text.splitlines(keepends=True)
    first, last = text.count("\n", 0, start), text.count("\n", 0, stop)
    top = next((index for index in range(first, min(last + 1, len(lines))) if is_row(lines[index])), None)
    if top is None:
        return None
    if BAR in lines[top]:
        while top and BAR in lines[top - 1]:
            top -= 1
        return lines[top].strip() if top < first else ""
    width = len(lines[top].strip())
    while top and is_row(lines[top - 1]):
        top -= 1
    head: list[str] = []
    for index in reversed(range(max(0, top - HEAD_LINES), top)):
        line = lines[index].strip()
        if not line or SENTENCE.search(line) or len(line) > 2 * width:
            break
        if index < first:
            head.insert(0, line)
    return " ".join(head)


def is_row(line: str) -> bool:
    """Return whether a line is a row of a table: it has bars between cells, or ends in at least two numbers."""
    if BAR in line:
        return True
    cells = line.split()[-2:]
    return len(cells) == 2 and all(CELL.fullmatch(one) for one in cells)
