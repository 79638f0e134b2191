"""Cutting documents into parts: all text is in one of them, in order, and where each stands is known."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wholedoc.documents.bodies import masked, running_lines
from wholedoc.documents.document import OutlineEntry
from wholedoc.documents.extraction import read_document
from wholedoc.everywhere import parts
from wholedoc.everywhere.parts import parts_of

from ...conftest import NOTICE
from .documents import LOG, document_of


def test_running_heads_are_in_no_part_and_all_else_is_in_one() -> None:
    found = parts_of(LOG)
    said = "\n".join(part.text for part in found)
    assert "Log of the Harbour" not in said
    for page in LOG.pages:
        for line in page.text.splitlines()[1:]:
            assert said.count(line) == 1
    assert [part.index for part in found] == list(range(len(found)))


def test_a_paragraph_stays_together_over_a_pages_end() -> None:
    (part,) = (part for part in parts_of(LOG) if "Bold Wren" in part.text)
    assert "which the surveyor denied" in part.text
    assert part.pages == (1, 3)
    assert [span.page for span in part.spans] == [0, 1, 2]
    assert part.texts[1].endswith("passed as sound by the")


def test_a_part_shows_the_titles_that_it_stands_under() -> None:
    found = parts_of(LOG)
    assert found[0].heading == "Incidents › May"
    assert found[-1].heading == "Fines"
    assert found[-1].shown.startswith("[Fines]\nA fine of 5,400")


def test_of_several_titles_on_a_page_the_last_one_above_counts() -> None:
    paragraph = "It says much about this and that, at some length."
    text = f"First Things\n{paragraph}\n\nSecond Things\n{paragraph}\n"
    document = document_of(text, outline=(OutlineEntry("First Things", 1, 1), OutlineEntry("Second Things", 1, 1)))
    assert [part.heading for part in parts_of(document)] == ["First Things", "Second Things"]


@pytest.mark.parametrize("number", ["1.1 ", "Chapter 2: ", "B.3 ", "IV. ", ""])
def test_titles_of_one_page_are_found_though_the_page_numbers_them_and_the_outline_does_not(number: str) -> None:
    text = f"{number}Getting Sources\nSources lie on a server.\n\n{number}Getting Patches\nPatches come by mail.\n"
    outline = (OutlineEntry("Getting Sources", 1, 1), OutlineEntry("3 Getting Patches", 1, 1))
    found = parts_of(document_of(text, outline=outline))
    assert [part.heading for part in found] == ["Getting Sources", "3 Getting Patches"]
    assert found[1].text.endswith("Patches come by mail.")


def test_an_index_is_known_as_a_list_of_contents() -> None:
    index = "B\nBLAS library . . . . . . . . . 47\nC\nCairo . . . . . . . . 20, 43\nF\n"
    (part,) = parts_of(document_of(index))
    assert part.is_contents


def test_a_list_of_contents_is_known_as_one() -> None:
    contents = (
        "Contents\nFirst things . . . . . . . . . . 3\nSecond things . . . . . . . . 9\nThird . . . . . . 12\n"
    )
    (part,) = parts_of(document_of(contents))
    assert part.is_contents
    assert not any(one.is_contents for one in parts_of(LOG))


def test_a_part_that_begins_within_a_table_has_the_tables_head(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "PART_CHARACTERS", 60)
    rows = "".join(f"Y {number} Amber Dove 3{number} 4{number}0\n" for number in range(12))
    found = parts_of(document_of(f"Boat Mooring Fee\n{rows}"))
    assert len(found) > 2
    assert all(part.table_head == "Boat Mooring Fee" for part in found[1:])


def test_long_paragraphs_are_divided_between_sentences() -> None:
    text = " ".join(f"Sentence number {number} says a thing." for number in range(200))
    found = parts_of(document_of(text))
    assert len(found) > 5
    assert all(part.text.endswith(".") for part in found)
    assert " ".join(part.text for part in found) == text


def test_the_sample_notice_loses_nothing() -> None:
    document = read_document(NOTICE)
    running = running_lines([page.text for page in document.pages])
    said = "".join("".join(part.text for part in parts_of(document)).split())
    for page in document.pages:
        for line in page.text.splitlines():
            if masked(line) not in running:
                assert "".join(line.split()) in said


def test_a_footnote_stands_behind_the_sentence_that_it_cuts() -> None:
    first = "It was agreed that the keeper of the lamp at Cold Point would be paid four hundred"
    pages = [f"{first}\n\n1 Not counting oil.", "crowns a year from then on.\n\nNothing else was agreed."]
    sentence, note, rest = parts_of(document_of(*pages))
    assert sentence.text == f"{first}\ncrowns a year from then on."
    assert note.text == "1 Not counting oil."
    assert rest.text == "Nothing else was agreed."


@given(st.lists(st.text(alphabet="Ab1. \n", max_size=400), min_size=1, max_size=9))
def test_spans_are_exact_and_in_order(pages: list[str]) -> None:
    document = document_of(*pages)
    spans = [span for part in parts_of(document) for span in part.spans]
    for part in parts_of(document):
        assert list(part.spans) == sorted(part.spans, key=lambda one: (one.page, one.start))
    for one, other in pairwise(sorted(spans, key=lambda one: (one.page, one.start))):
        assert one.page < other.page or one.stop <= other.start
    for span in spans:
        text = document.pages[span.page].text[span.start : span.stop]
        assert text == text.strip() != ""
    running = running_lines([page.text for page in document.pages])
    kept = sum(len("".join(document.pages[s.page].text[s.start : s.stop].split())) for s in spans)
    lines = [line for page in document.pages for line in page.text.splitlines()]
    assert kept >= sum(len("".join(line.split())) for line in lines if masked(line) not in running)


def test_a_title_stays_with_what_stands_under_it() -> None:
    """A title alone would be a section of a summary that says nothing, and the quote of it."""
    long = "It says much about this and that. " * 20
    outline = (OutlineEntry("Trade", 1, 1), OutlineEntry("Salt", 2, 1), OutlineEntry("Grain", 1, 2))
    document = document_of(f"Trade\nSalt\n{long}\n", f"Of wheat, too.\nGrain\n{long}\n", outline=outline)
    salt, wheat, grain = parts_of(document)
    assert [one.heading for one in (salt, wheat, grain)] == ["Trade › Salt", "Trade › Salt", "Grain"]
    assert salt.text.startswith("Trade\nSalt\nIt says")
    assert grain.text.startswith("Grain\nIt says")
    titles = [
        [document.pages[one.page].text[one.start : one.stop] for one in part.titles]
        for part in (salt, wheat, grain)
    ]
    assert titles == [["Trade\nSalt"], [], ["Grain"]]


def test_a_title_does_not_go_on_with_the_page_before() -> None:
    outline = (OutlineEntry("Salt", 1, 1), OutlineEntry("Grain", 1, 2))
    document = document_of("Salt\nSalt came in\n", "Grain\nGrain came in\n", outline=outline)
    assert [(one.heading, one.text) for one in parts_of(document)] == [
        ("Salt", "Salt\nSalt came in"),
        ("Grain", "Grain\nGrain came in"),
    ]
