"""The items that a question to every part found, as files: CSV for spreadsheets, Markdown for people, JSON."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Sequence
from enum import Enum

from wholedoc import Item

from .escaping import as_text

COLUMNS = ("item", "document", "page", "quote", "verified")
# Spreadsheets take a cell that begins so for a formula, which may read other cells and send them away. Some take
# wide signs for the narrow ones, and some end cells at semicolons, as where numbers have commas.
FORMULA = re.compile(r"""(^|;[\s"']*)(?=[=+\-@＝＋－＠])""")
# Without it Excel takes the file for one in an old character set.
BYTE_ORDER_MARK = "\ufeff"


class Format(Enum):
    """In what form items are saved. The value is the ending of the file's name."""

    CSV = "csv"
    MARKDOWN = "md"
    JSON = "json"


def save(items: Sequence[Item], format: Format) -> str:
    """Return the items as the text of a file."""
    if format is Format.CSV:
        return to_csv(items)
    return f"{to_markdown_table(items)}\n" if format is Format.MARKDOWN else to_json(items)


def to_csv(items: Sequence[Item]) -> str:
    """Return a line for each item, below the names of the columns. No cell is a formula, whatever it says."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    writer.writerows([_harmless(text) for text in row] for row in _rows(items))
    return BYTE_ORDER_MARK + file.getvalue()


def to_markdown_table(items: Sequence[Item]) -> str:
    """Return a table in Markdown. Quotes stay text."""
    rows = [[as_text(text) for text in row] for row in _rows(items)]
    lines = [list(COLUMNS), ["---"] * len(COLUMNS), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def to_json(items: Sequence[Item]) -> str:
    """Return a list with an object for each item. Quotes are exactly as they stand in the document."""
    objects = [
        {
            "item": one.item,
            "document": one.document,
            "page": one.page,
            "page_label": one.page_label,
            "quote": one.quote,
            "verified": one.verified,
        }
        for one in items
    ]
    return json.dumps(objects, ensure_ascii=False, indent=2) + "\n"


def _rows(items: Sequence[Item]) -> list[list[str]]:
    """Return each item's cells, each on one line. A document that says nothing has neither page nor quote."""
    return [
        [
            " ".join(text.split())
            for text in (
                one.item,
                one.document,
                one.page_label if one.quote else "",
                one.quote,
                "yes" if one.verified else "no",
            )
        ]
        for one in items
    ]


def _harmless(cell: str) -> str:
    """Return a cell that no spreadsheet computes: an apostrophe makes it text."""
    return FORMULA.sub(r"\1'", cell)
