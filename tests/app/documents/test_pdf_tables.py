"""The rows of a PDF's tables: cells apart, the columns' names in one row, and nothing else taken for a table."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence

import pytest
from reportlab.pdfgen import canvas

from wholedoc.documents.document import Document
from wholedoc.documents.tables import table_head

Read = Callable[..., Document]
Place = tuple[float, float, str]
ROWS = (
    ("January", "5.68", "0.57"),
    ("February", "5.72", "0.47"),
    ("March", "5.17", "0.60"),
    ("April", "4.9", "0.2"),
)
LEFT = (60.0, 200.0, 300.0)
PROSE = (
    "The harbour master keeps the book of tides in the office and nobody else may write",
    "in it, as was ordered in the year of the great flood, when two books were found to",
    "differ. Whoever finds an error tells the harbour master, who puts it right himself.",
)


def page(
    places: Sequence[Place], *, turned: int = 0, rules: Sequence[float] = (), title: Place | None = None
) -> bytes:
    """A PDF of one page with words at their places, lines at some heights, and all turned by so many degrees.

    The title is in larger letters.
    """
    buffer = io.BytesIO()
    drawn = canvas.Canvas(buffer, (600, 600), invariant=True)
    drawn.setFont("Helvetica", 16)
    if title:
        drawn.drawString(*title)
    drawn.setFont("Helvetica", 10)
    if turned:
        drawn.translate(300, 300)
        drawn.rotate(turned)
        drawn.translate(-300, -300)
    for x, y, text in places:
        drawn.drawString(x, y, text)
    for y in rules:
        drawn.line(50, y, 500, y)
    drawn.save()
    return buffer.getvalue()


def grid(rows: Sequence[Sequence[str]], top: float = 400, left: Sequence[float] = LEFT) -> list[Place]:
    return [
        (x, top - 14 * line, text)
        for line, row in enumerate(rows)
        for x, text in zip(left, row, strict=False)
        if text
    ]


def lines(read: Read, data: bytes) -> list[str]:
    return read(data).pages[0].text.splitlines()


@pytest.mark.parametrize("rules", [(), (412, 396, 340)])
def test_a_row_is_one_line_with_its_cells_apart(read: Read, rules: tuple[float, ...]) -> None:
    rows = (("Month", "Highest", "Lowest"), *ROWS)
    data = page([(60, 450, "Tides at Cold Point"), *grid(rows)], rules=rules)
    document = read(data)
    text = document.pages[0].text
    assert text.splitlines() == ["Tides at Cold Point", *(" | ".join(row) for row in rows)]
    assert table_head(text, text.index("March"), text.index("March") + 5) == "Month | Highest | Lowest"


def test_the_names_of_columns_over_several_lines_become_one_row(read: Read) -> None:
    """As tables are drawn: cell by cell, and each down to its end."""
    head = [
        (60, 428, "Month"),
        (200, 428, "Highest"),
        (200, 416, "water (m)"),
        (300, 428, "Lowest"),
        (300, 416, "(m)"),
    ]
    data = page([(60, 450, "Tides at Cold Point"), *head, *grid(ROWS)])
    assert lines(read, data)[:3] == [
        "Tides at Cold Point",
        "Month | Highest water (m) | Lowest (m)",
        "January | 5.68 | 0.57",
    ]


def test_a_title_in_larger_letters_is_no_name_of_a_column(read: Read) -> None:
    """Its foot counts on the page, not in heights of its own letters."""
    head = [(60, 428, "Month"), (200, 428, "Highest"), (200, 416, "(m)"), (300, 428, "Lowest"), (300, 416, "(m)")]
    data = page([*head, *grid(ROWS)], title=(60, 460, "Tides at Cold Point"))
    assert lines(read, data)[:2] == ["Tides at Cold Point", "Month | Highest (m) | Lowest (m)"]


def test_a_name_that_goes_on_below_a_row_of_names_belongs_to_it(read: Read) -> None:
    """The first line of the names looks like a row of the table, and has its gaps."""
    head = [(60, 426, "Month"), (200, 426, "Highest on 31"), (200, 414, "December"), (300, 426, "Lowest")]
    found = lines(read, page([*head, *grid(ROWS)]))
    assert found[:2] == ["Month | Highest on 31 December | Lowest", "January | 5.68 | 0.57"]


def test_a_cell_that_goes_over_two_lines_ends_no_table(read: Read) -> None:
    rows = (*ROWS[:2], ("March, in which", "5.17", "0.60"), ("it was measured anew", "", ""), *ROWS[3:], ROWS[0])
    found = lines(read, page(grid(rows)))
    assert found[2:5] == ["March, in which | 5.17 | 0.60", "it was measured anew", "April | 4.9 | 0.2"]


def test_empty_cells_leave_the_others_in_their_columns(read: Read) -> None:
    rows = (("", "Highest", "Lowest"), *ROWS[:3], ("Mean", "", "0.5"))
    found = lines(read, page(grid(rows)))
    assert found[0] == " | Highest | Lowest"
    assert found[-1] == "Mean |  | 0.5"


@pytest.mark.parametrize("turned", [90, 270])
def test_a_table_on_its_side_is_read_as_one_that_stands(read: Read, turned: int) -> None:
    assert lines(read, page(grid(ROWS), turned=turned)) == [" | ".join(row) for row in ROWS]


@pytest.mark.parametrize(
    "places",
    [
        [(60.0, 400 - 12 * number, line) for number, line in enumerate(PROSE)],
        grid([(f"{number}.", line) for number, line in enumerate(PROSE, 1)], left=(60, 90)),
        grid([("•", line) for line in ("one word", "two words", "three words")], left=(60, 90)),
        grid([("3", "Results"), ("3.1", "What was measured"), ("3.2", "What was not")], left=(60, 90)),
        grid([(f"E = mc + {number}", f"({number})") for number in range(1, 5)], left=(200, 480)),
        grid([("Harbour Authority", "Pilotage and Tides")], top=580, left=(60, 400)),
        grid([(line[:48], line[:48]) for line in PROSE], left=(40, 320)),
    ],
    ids=["prose", "numbered", "bullets", "headings", "equations", "running-head", "columns"],
)
def test_what_is_no_table_gets_no_bars(read: Read, places: list[Place]) -> None:
    assert " | " not in "\n".join(lines(read, page(places)))


def test_two_columns_of_prose_are_read_one_after_the_other(read: Read) -> None:
    left = [(40.0, 400.0 - 12 * number, f"left {number} of the page") for number in range(8)]
    right = [(320.0, 400.0 - 12 * number, f"right {number} of the page") for number in range(8)]
    found = lines(read, page([*left, *right]))
    assert found == [text for *_, text in (*left, *right)]


def test_letters_that_take_two_units_shift_no_cell(read: Read) -> None:
    """pdfium counts in UTF-16; the bars must stand between the cells all the same."""
    from wholedoc.documents.extraction.pdf.arranging import arranged
    from wholedoc.documents.extraction.pdf.rows import Box

    text = "𝑥𝑥 a\r\n𝑥𝑥 b\r\n𝑥𝑥 c"
    column = dict.fromkeys("𝑥", 0.0) | dict.fromkeys("abc", 200.0)

    def box(index: int) -> Box:
        left = column[text[index]]
        return Box(left, left + 5, 500 - 12 * text[:index].count("\n"), 10)

    assert arranged(text, box) == "𝑥𝑥 | a\r\n𝑥𝑥 | b\r\n𝑥𝑥 | c"
