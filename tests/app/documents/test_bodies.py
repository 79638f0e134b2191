"""Where a page's running text stands: running heads, page numbers and footnotes are no part of a sentence."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wholedoc.documents.bodies import Body, bodies, goes_on, sentences_of

SAID = [
    f"The keeper of the lamp at {place} was paid four hundred" for place in ("Cold Point", "Old Basin", "Skerrow")
]
PAGES = [f"Log of the Harbour\n{said}\n{number}\n\n{number} Not oil." for number, said in enumerate(SAID, 1)]


def test_heads_numbers_and_notes_are_no_body() -> None:
    for number, (text, body, expected) in enumerate(zip(PAGES, bodies(PAGES), SAID, strict=True), 1):
        assert text[body.start : body.stop].strip() == expected
        assert text[body.notes :] == f"{number} Not oil."
        assert expected in [text[one.start : one.stop] for one in sentences_of(text, body)]


def test_a_page_of_nothing_else_is_its_own_body() -> None:
    assert bodies(["17", "18", "19", ""])[0] == Body(0, 2, 2)


@pytest.mark.parametrize(
    ("before", "behind", "cut"),
    [
        ("is paid four hundred", "crowns a year.", True),
        ("is paid.", "crowns a year.", False),
        ("is paid four hundred", "Crowns are silver.", False),
        ("these are:", "a list", False),
        ("", "crowns", False),
    ],
)
def test_a_small_letter_goes_on_with_what_has_no_end(before: str, behind: str, cut: bool) -> None:
    first, second = bodies([before, behind])
    assert goes_on(before, first, behind, second) is cut


@given(st.lists(st.text(alphabet="Ab1. \n*", max_size=200), max_size=6))
def test_sentences_hold_all_that_is_no_white_space(pages: list[str]) -> None:
    for text, body in zip(pages, bodies(pages), strict=True):
        found = sentences_of(text, body)
        assert "".join("".join(text[one.start : one.stop].split()) for one in found) == "".join(text.split())
        assert 0 <= body.start <= body.stop <= body.notes <= len(text)
