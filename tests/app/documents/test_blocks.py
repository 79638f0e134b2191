"""Pages are made out of blocks: nothing is lost, and rows stay lines."""

from __future__ import annotations

import pytest

from wholedoc.documents.document import place
from wholedoc.documents.extraction.pages.blocks import (
    Paragraph,
    Section,
    Table,
    Title,
    extracted_from_sections,
    numbered_pages,
    row_text,
)


def test_nothing_of_a_long_section_is_lost() -> None:
    words = [f"word{number}" for number in range(6000)]
    table = Table((("n", "m"), *((str(number), "x" * 50) for number in range(200))))
    extracted = extracted_from_sections([Section("a", (Title("T", 1), Paragraph(" ".join(words)), table))], ())
    text = "\n".join(page for page, _ in extracted.pages)
    assert [word for word in text.split() if word.startswith("word")] == words
    assert all(f"\n{number} | " in text for number in range(200))
    assert max(len(page) for page, _ in extracted.pages) < 6000
    assert [entry.page for entry in extracted.outline] == [1]


def test_rows_are_lines_whatever_is_in_their_cells() -> None:
    assert row_text(("a\nb", " c  d ", "", "e", "", " ")) == "a b | c d |  | e"
    assert row_text(("", "b")) == " | b"
    row = "x" * 9000
    pages = numbered_pages([Table((("a", "b"), (row, "y")))], ()).pages
    assert "".join(page for page, _ in pages).replace("\n", "") == f"a | ba | b{row} | y"


@pytest.mark.parametrize(
    ("label", "cited"),
    [
        ("12", "p. 12"),
        ("iv", "p. iv"),
        ("A-1", "p. A-1"),
        ("slide 3", "slide 3"),
        ("Introduction to it", "Introduction to it"),
    ],
)
def test_a_page_is_cited_by_its_number_or_its_name(label: str, cited: str) -> None:
    assert place(label) == cited
