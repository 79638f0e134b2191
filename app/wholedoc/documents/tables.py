"""Tables in a page's text: rows of numbers, and the lines above them that say what the numbers are."""

from __future__ import annotations

import re

# A cell with a number, or the dash that stands in its place.
CELL = re.compile(r"[-+(]?[$€£]?\d[\d.,:/]*%?\)?|[–—-]")
# A head has at most so many lines: column names are broken where the columns are narrow.
HEAD_LINES = 6
# Text that ends like this is a sentence and no column's name.
SENTENCE = re.compile(r"[.;:!?]\s*$")


def table_head(text: str, at: int) -> str:
    """Return the lines above the table in which character `at` of a page stands, as one line.

    They say what its columns are. Returns an empty text if that character is in no row of a table, or if the row is
    the first of the page.
    """
    lines = text.splitlines(keepends=True)
    here = text.count("\n", 0, at)
    if here >= len(lines) or not is_row(lines[here]):
        return ""
    top = here
    while top and is_row(lines[top - 1]):
        top -= 1
    width = max(len(line.strip()) for line in lines[top : here + 1])
    head: list[str] = []
    for line in reversed(lines[max(0, top - HEAD_LINES) : top]):
        if not line.strip() or SENTENCE.search(line) or len(line.strip()) > 2 * width:
            break
        head.insert(0, line.strip())
    return " ".join(head)


def is_row(line: str) -> bool:
    """Return whether a line is a row of a table: it ends in at least two numbers."""
    cells = line.split()[-2:]
    return len(cells) == 2 and all(CELL.fullmatch(one) for one in cells)
