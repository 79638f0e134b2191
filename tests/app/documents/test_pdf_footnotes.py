"""Footnotes of a PDF stand behind the page's text, whole, and cut no sentence; nothing else is taken for one."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence

import pytest
from reportlab.pdfgen import canvas

from wholedoc.documents.document import Document

Read = Callable[..., Document]
LEFT = [
    "The harbour master keeps the book of",
    "tides in his office, and nobody else",
    "may write in it, as was ordered in the",
    "year of the great flood, when two of",
]
RIGHT = ["them were found to differ. Whoever", "finds an error tells the master, who", "puts it right himself."]
NOTES = ["1 That is, the tables of the tides", "and nothing that stands beside them."]


def page(*columns: tuple[float, Sequence[str], Sequence[str]], small: float = 8, foot: str = "") -> bytes:
    """A PDF of one page: columns with their left side, lines of 11 points, and lines of `small` points below."""
    buffer = io.BytesIO()
    drawn = canvas.Canvas(buffer, (600, 600), invariant=True)
    for left, text, notes in columns:
        height = 500.0
        for size, lines in ((11.0, text), (small, notes)):
            drawn.setFont("Helvetica", size)
            for line in lines:
                drawn.drawString(left, height, line)
                height -= 1.3 * size
    drawn.setFont("Helvetica", 11)
    drawn.drawString(290, 40, foot)
    drawn.save()
    return buffer.getvalue()


def test_a_sentence_goes_on_in_the_next_column_without_the_footnote(read: Read) -> None:
    text = read(page((50, LEFT, NOTES), (320, RIGHT, ()), foot="17")).text
    assert text == "\n".join([*LEFT, *RIGHT, "17", "", *NOTES])


def test_notes_of_both_columns_stand_at_the_end(read: Read) -> None:
    more = ["2 By whom is not said."]
    assert read(page((50, LEFT, NOTES), (320, RIGHT, more))).text == "\n".join([*LEFT, *RIGHT, "", *NOTES, *more])


def test_a_mark_that_is_raised_belongs_to_its_note(read: Read) -> None:
    buffer = io.BytesIO(page((50, LEFT, ())))
    drawn = canvas.Canvas(buffer, (600, 600), invariant=True)
    drawn.setFont("Helvetica", 11)
    for number, line in enumerate(LEFT):
        drawn.drawString(50, 500 - 14 * number, line)
    drawn.setFont("Helvetica", 6)
    drawn.drawString(50, 423, "1")
    drawn.setFont("Helvetica", 8)
    drawn.drawString(56, 420, "that is, the tables of the tides")
    drawn.save()
    text = read(buffer.getvalue()).text
    assert text.partition("\n\n")[2].split() == ["1", "that", "is,", "the", "tables", "of", "the", "tides"]


@pytest.mark.parametrize(
    ("notes", "small"),
    [
        (NOTES, 11.0),  # no smaller than the text
        (["That is, the tables of the tides."], 8.0),  # no mark
        (["2 x", "3 y"], 6.0),  # a formula
    ],
)
def test_what_is_no_footnote_stays(read: Read, notes: list[str], small: float) -> None:
    assert read(page((50, LEFT, notes), (320, RIGHT, ()), small=small)).text == "\n".join([*LEFT, *notes, *RIGHT])


def test_small_lines_above_text_stay(read: Read) -> None:
    """A quotation in small letters that begins with a number is no footnote: text goes on below it."""
    buffer = io.BytesIO()
    drawn = canvas.Canvas(buffer, (600, 600), invariant=True)
    lines = [
        *((11, line) for line in LEFT),
        (8, "14 days after the flood it was found"),
        *((11, line) for line in LEFT),
    ]
    for number, (size, line) in enumerate(lines):
        drawn.setFont("Helvetica", size)
        drawn.drawString(50, 500 - 14 * number, line)
    drawn.save()
    assert read(buffer.getvalue()).text == "\n".join(line for _, line in lines)
