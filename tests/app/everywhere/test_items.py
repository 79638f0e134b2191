"""From replies to items: lines, places, quotes."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from wholedoc.everywhere.found.items import SHARE_WEIGHT, Best, best_of, merged, stated
from wholedoc.everywhere.found.quotes import best_sentences, place_of
from wholedoc.everywhere.parts import parts_of

from .documents import LOG, document_of

PART = parts_of(
    document_of(
        "Ruling 3. Hexby and Sons, Ambrey and\nDaughters and Otto Vane were heard. The fine was 500 crowns. "
        "It was raining. The court sat late and rose at nine, to nobody's delight, after a long day."
    )
)[0]


@pytest.mark.parametrize(
    ("reply", "items"),
    [
        ("Hexby and Sons", ["Hexby and Sons"]),
        ("- Hexby and Sons\n2. Otto Vane.", ["Hexby and Sons", "Otto Vane"]),
        ("Hexby and Sons, Otto Vane", ["Hexby and Sons", "Otto Vane"]),
        ("Otto Vane and Hexby and Sons", ["Otto Vane", "Hexby and Sons"][:1]),
        ("the Ambrey and Daughters", ["the Ambrey and Daughters"]),
        ("AMBREY AND DAUGHTERS", ["AMBREY AND DAUGHTERS"]),
        ("Not stated.", []),
        ("None", []),
        ("Vane Otto", []),
        ("Ambre", []),
        ("", []),
    ],
)
def test_lines_become_items_that_the_part_says(reply: str, items: list[str]) -> None:
    assert [one.text for one in stated(reply, PART, "Who was heard?", {})][: max(len(items), 1)] == items


def test_a_list_that_the_part_has_word_for_word_is_several_items() -> None:
    (part,) = parts_of(
        document_of("It wants one of OpenBLAS, BLIS, or ATLAS. They met in Wellington, New Zealand.")
    )

    def texts(reply: str) -> list[str]:
        return [one.text for one in stated(reply, part, "Which?", {})]

    assert texts("OpenBLAS, BLIS, or ATLAS") == ["OpenBLAS", "BLIS", "ATLAS"]
    assert texts("OpenBLAS, BLIS, ATLAS") == ["OpenBLAS", "BLIS", "ATLAS"]
    assert texts("Wellington, New Zealand") == ["Wellington, New Zealand"]


def test_a_word_of_the_question_is_no_item() -> None:
    assert not list(stated("Ruling", PART, "Which rulings are there?", {}))
    assert [one.text for one in stated("Ruling 3", PART, "Which rulings are there?", {})] == ["Ruling 3"]


def test_a_quote_holds_the_item_and_what_is_asked_about_it() -> None:
    place = place_of(PART, "Otto Vane", "Who paid a fine?")
    assert place is not None
    quote = PART.document.pages[place.page].text[place.start : place.stop]
    assert "Otto Vane" in quote
    assert "The fine was 500 crowns." in quote
    assert place_of(PART, "Nobody Else", "Who paid a fine?") is None


def test_a_quote_of_a_name_alone_goes_on() -> None:
    (part,) = parts_of(
        document_of("Minute 5. Ada Finch. Died in service on 3 May, aged 61. The family was written to.")
    )
    place = place_of(part, "Ada Finch", "Who was it?")
    assert place is not None
    assert "Died in service" in part.document.pages[0].text[place.start : place.stop]


def test_the_best_sentences_say_most_of_the_words() -> None:
    place = best_sentences(PART, "How high was the fine in crowns?")
    assert "fine was 500 crowns" in PART.document.pages[0].text[place.start : place.stop]


def test_an_item_over_a_line_end_is_found() -> None:
    (item,) = stated("Ambrey and Daughters", PART, "Who was heard?", {})
    assert "Ambrey and\nDaughters" in item.quote


def test_names_are_merged_wherever_they_stand() -> None:
    parts = parts_of(LOG)
    items = [item for part in parts for item in stated("Amber Dove", part, "Which vessels?", {})]
    assert len(items) > 1
    assert [one.text for one in merged(items)] == ["Amber Dove"]


def test_items_count_against_the_best_of_the_same_list() -> None:
    (item,) = stated("Otto Vane", PART, "Who was heard?", {})
    sure, doubted = replace(item, likely=0.8, shared=1.0), replace(item, likely=0.8, shared=0.4)
    assert best_of([]) == Best(0.0, 0.0)
    best = best_of([doubted] * 9 + [sure] * 3)
    assert best == Best(pytest.approx(math.log(4)), 1.0)  # type: ignore[arg-type]
    assert sure.certainty(best) == pytest.approx(0.0)
    assert doubted.certainty(best) == pytest.approx(-0.6 * SHARE_WEIGHT)
    unsure = replace(item, likely=0.5, shared=1.0)
    assert unsure.certainty(best) == pytest.approx(-math.log(4))
    assert unsure.certainty(best_of([unsure])) == 0.0
