"""Tables of separated values (CSV): a page is some rows below the first, which says what the columns are."""

from __future__ import annotations

import csv
import io
from itertools import islice

from ..pages.blocks import Section, Table, extracted_from_sections
from ..pages.extracted import Extracted
from .decoding import decode

# Which sign stands between the cells; the earlier one wins where several would do.
_SEPARATORS = (",", ";", "\t", "|")
_LINES_LOOKED_AT = 20


def read_csv(data: bytes, name: str) -> Extracted:
    """Read the rows of a table. Raises `UnreadableFileError` for data that is not text."""
    text, warnings = decode(data, name)
    text = text.replace("\f", "\n")
    csv.field_size_limit(len(text) + 1)
    separator = _separator(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    rows: list[tuple[str, ...]] = []
    numbers: list[int] = []
    longest = 0
    for number, row in enumerate(reader, 1):
        longest = max(longest, max((cell.count("\n") for cell in row), default=0))
        if any(cell.strip() for cell in row):
            rows.append(tuple(row))
            numbers.append(number)
    if longest > _LINES_LOOKED_AT * 5:
        warnings = (*warnings, f"A cell goes over {longest + 1:,} lines: a quotation mark seems to be missing.")
    if not rows:
        return Extracted((("", "table"),), (), warnings)
    return extracted_from_sections([Section("table", (Table(tuple(rows), tuple(numbers)),))], warnings)


def _separator(text: str) -> str:
    """Return the sign that divides the first lines into the same number of cells most often."""

    def likeness(separator: str) -> tuple[int, int]:
        lines = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
        counts = [len(row) for row in islice(lines, _LINES_LOOKED_AT) if row]
        usual = max(set(counts), key=counts.count, default=1)
        return (counts.count(usual) if usual > 1 else 0), -_SEPARATORS.index(separator)

    return max(_SEPARATORS, key=likeness)
