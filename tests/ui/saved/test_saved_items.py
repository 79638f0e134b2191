"""Found items as files: every form holds all of them, and no spreadsheet or reader of Markdown acts upon one."""

from __future__ import annotations

import csv
import json
from dataclasses import replace

import pytest

from wholedoc import Item
from wholedoc_ui.saved.items import Format, save

from ..payloads import PAYLOADS
from ..test_export import active

HERON = Item("Grey Heron", "d1", "a.pdf", 3, "iii", 'The "Grey\n  Heron", fined.', verified=True)
SILENT = Item("", "d2", "b.pdf", 1, "1", "", verified=False)


def rows(text: str) -> list[list[str]]:
    assert text.startswith("\ufeff")
    return list(csv.reader(text.removeprefix("\ufeff").splitlines()))


def test_csv_has_a_line_for_each_item() -> None:
    assert rows(save([HERON, SILENT], Format.CSV)) == [
        ["item", "document", "page", "quote", "verified"],
        ["Grey Heron", "a.pdf", "iii", 'The "Grey Heron", fined.', "yes"],
        ["", "b.pdf", "", "", "no"],
    ]


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r\n=1", " =1", "=HYPERLINK('x')", "＝1", "＠x"]
)
def test_no_cell_of_csv_is_a_formula(text: str) -> None:
    hostile = Item(text, "d1", text, 1, text, text, verified=True)
    cells = rows(save([hostile], Format.CSV))[1]
    assert cells[:4] == [f"'{text.strip()}"] * 4


def test_no_sign_inside_a_cell_begins_another() -> None:
    """Where numbers have commas, spreadsheets end cells at semicolons."""
    hostile = Item("a;=1+1", "d1", "b\t=1", 1, '1;"=1"', "c;=1,d\n=2; -3", verified=True)
    text = save([hostile], Format.CSV).removeprefix("\ufeff")
    for delimiter in ",;\t":
        for row in csv.reader(text.splitlines(), delimiter=delimiter):
            assert not any(cell.strip("\"' ").startswith("=") and not cell.startswith("'") for cell in row)
    assert rows(save([replace(hostile, quote="one; two = 2")], Format.CSV))[1][3] == "one; two = 2"


def test_markdown_is_a_table() -> None:
    assert save([HERON, SILENT], Format.MARKDOWN).splitlines() == [
        "| item | document | page | quote | verified |",
        "| --- | --- | --- | --- | --- |",
        r'| Grey Heron | a\.pdf | iii | The "Grey Heron", fined. | yes |',
        r"|  | b\.pdf |  |  | no |",
    ]


@pytest.mark.parametrize("payload", [*PAYLOADS, "a | b", "a \\| b |"])
def test_markdown_does_nothing_and_keeps_its_columns(payload: str) -> None:
    one = replace(HERON, item=payload, document=payload, page_label=payload, quote=payload)
    text = save([one], Format.MARKDOWN)
    assert active(text) == []
    assert len(text.splitlines()) == 3


def test_json_has_quotes_as_they_stand_in_the_document() -> None:
    assert json.loads(save([HERON], Format.JSON)) == [
        {
            "item": "Grey Heron",
            "document": "a.pdf",
            "page": 3,
            "page_label": "iii",
            "quote": HERON.quote,
            "verified": True,
        }
    ]
