"""The head of a table is found above its rows, and nothing else is taken for one."""

from __future__ import annotations

import time

import pytest

from wholedoc.documents.tables import is_row, table_head

PAGE = """It was a good year.
Craft of the Authority
Name Kind Built Power
(kW)
Bracken launch 2009 186
Peewit launch 2014 -
Stalwart tug 1996 2,240

The craft were sold in 1990 and 2001. They were old.
"""


def head_at(text: str, word: str) -> str | None:
    """The head of what stands from a word to the end of its line."""
    start = text.index(word)
    return table_head(text, start, text.index("\n", start))


@pytest.mark.parametrize("name", ["Bracken", "Peewit", "Stalwart"])
def test_every_row_has_the_same_head(name: str) -> None:
    assert head_at(PAGE, name) == "Craft of the Authority Name Kind Built Power (kW)"


@pytest.mark.parametrize("word", ["good", "Name", "craft were", "They"])
def test_text_outside_rows_has_none(word: str) -> None:
    assert head_at(PAGE, word) is None


def test_what_of_the_head_is_told_with_the_rows_is_not_told_twice() -> None:
    stop = PAGE.index("Peewit")
    assert table_head(PAGE, PAGE.index("(kW)"), stop) == "Craft of the Authority Name Kind Built Power"
    assert table_head(PAGE, PAGE.index("Craft of"), stop) == ""


def test_a_table_that_begins_the_page_has_none() -> None:
    assert head_at("Bracken launch 2009 186\nPeewit 2 3\n", "Peewit") == ""


def test_sentences_above_a_table_are_not_its_head() -> None:
    assert head_at("All of it was sold in the end, as was said above.\nBracken 2009 186\n", "Bracken") == ""


@pytest.mark.parametrize(
    ("line", "row"),
    [
        ("Old Basin 18,255 5.1 26 77,390", True),
        ("Sales $4.5 (3.2)", True),
        ("Margin 12% -", True),
        ("Ruling 30. Article 12", False),
        ("He came in 1990 and 2001", False),
        ("-- name", False),
        ("Bracken | North | none", True),
        (" | Ships", True),
        ("a|b", False),
        ("7", False),
        ("", False),
    ],
)
def test_a_row_ends_in_two_numbers(line: str, row: bool) -> None:
    assert is_row(line) is row


BARS = "Fees of the harbour\nBoat | Mooring | Fee\nBracken | North | 4,200\nPeewit | South | none\n\nThe end.\n"


def test_the_head_of_cells_with_bars_is_their_first_row() -> None:
    assert head_at(BARS, "Bracken") == head_at(BARS, "Peewit") == "Boat | Mooring | Fee"
    assert head_at(BARS, "Boat") == ""
    assert head_at(BARS, "Fees of") is head_at(BARS, "The end") is None


def test_a_hostile_line_takes_no_time() -> None:
    started = time.process_time()
    for line in ("1 " * 200_000 + "x", "1" * 400_000, "1,.:/" * 80_000 + " x", "- " * 200_000):
        is_row(line)
        table_head(line, 5, len(line))
    assert time.process_time() - started < 5
