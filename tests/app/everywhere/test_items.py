"""From replies to items: lines, places, quotes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import pytest

from wholedoc.documents.document import Document, OutlineEntry
from wholedoc.everywhere.found.items import SHARE_WEIGHT, Best, FoundItem, best_of, merged, stated
from wholedoc.everywhere.found.names import is_fragment
from wholedoc.everywhere.found.quotes import best_sentences, place_of, wanted_words
from wholedoc.everywhere.parts import parts_of
from wholedoc.everywhere.stems import stems

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


RULES = document_of(
    "Lying in Harbour\nRules for the Stay\n"
    "1. A yacht lies at the visitors' pontoon for nine nights at most, and leaves it when told to.\n",
    "2. The Harbour Master and the Harbour Court may shorten that for whoever disturbs the harbour at night.\n",
    "Fine of Hexby and Sons\nA fine of 500 crowns was imposed for oil in the basin, and paid on the same day.\n"
    "Otto Vane\nA fine of 90 crowns was imposed for noise.\n",
    outline=(
        OutlineEntry("Lying in Harbour", 1, 1),
        OutlineEntry("Rules for the Stay", 2, 1),
        OutlineEntry("Fine of Hexby and Sons", 1, 3),
        OutlineEntry("Otto Vane", 1, 3),
        OutlineEntry("Afterword", 1, 4),
    ),
)


def found_in(
    document: Document, text: str, question: str, rarity: Mapping[str, float] | None = None
) -> list[FoundItem]:
    return [item for part in parts_of(document) for item in stated(text, part, question, rarity or {})]


@pytest.mark.parametrize(
    ("text", "question", "fragments"),
    [
        ("Harbour", "Where may a yacht lie?", [True]),
        ("Stay", "Where may a yacht lie?", [True]),
        ("Hexby and Sons", "Who was fined?", [False]),
        ("Hexby", "Who was fined?", [True]),
        ("Otto Vane", "Who was fined?", [False]),
    ],
)
def test_a_word_that_a_title_merely_contains_is_a_fragment(text: str, question: str, fragments: list[bool]) -> None:
    assert [is_fragment(one) for one in found_in(RULES, text, question)] == fragments


def test_a_quote_of_a_title_goes_on_with_the_text_under_it() -> None:
    (item,) = found_in(RULES, "Hexby and Sons", "Who was fined?")
    assert item.quote.startswith("Fine of Hexby and Sons\nA fine of 500 crowns")
    assert not item.is_title_alone


def test_several_words_of_a_title_need_text_under_it() -> None:
    bare = document_of("Fine of Hexby and Sons\n", outline=(OutlineEntry("Fine of Hexby and Sons", 1, 1),))
    (item,) = found_in(bare, "Hexby and Sons", "Who was fined?")
    assert item.is_title_alone
    assert is_fragment(item)


def test_an_item_is_quoted_from_the_text_rather_than_from_a_title() -> None:
    document = document_of(
        "Fine of Hexby and Sons, who ran oil into the basin\nIn May oil was seen. Hexby and Sons paid.\n",
        outline=(OutlineEntry("Fine of Hexby and Sons, who ran oil into the basin", 1, 1),),
    )
    (item,) = found_in(document, "Hexby and Sons", "Who was fined for running oil into the basin?")
    assert not item.place.in_title


def test_the_best_sentences_are_no_title_alone() -> None:
    text = "A very long sentence of the rules " + "that goes on and on " * 30 + "ends here.\n"
    document = document_of(
        f"Fees for Yachts\n{text}", "Fees for Boats\n", outline=(OutlineEntry("Fees for Yachts", 1, 1),)
    )
    part = parts_of(document)[0]
    place = best_sentences(part, "What are the fees for yachts?")
    assert document.pages[0].text[place.start : place.stop] == document.pages[0].text.strip()


def test_a_quote_does_not_go_over_into_the_next_entry() -> None:
    """Words of the entry about a spill had spoken for a boat of the entry before it."""
    (part,) = parts_of(
        document_of(
            "Incident 252. 8 December. Those aboard the workboat Western Bell, lying close by, threw a line.\n"
            "Incident 253. 9 December. 711 litres of gas oil ran from the survey launch Distant Anvil at noon.\n"
        )
    )
    bell, anvil = stated("Western Bell\nDistant Anvil", part, "From which vessels did gas oil run?", {"oil": 1.0})
    assert "Incident 253" not in bell.quote
    assert anvil.quote.startswith("Incident 253.") or anvil.quote.startswith("711 litres")
    place = best_sentences(part, "Did gas oil run from the Western Bell?")
    quote = part.document.pages[0].text[place.start : place.stop]
    assert ("Western Bell" in quote) != ("Distant Anvil" in quote)


@pytest.mark.parametrize(
    ("question", "item", "wanted"),
    [
        ("Which vessels took the ground?", "The Amber Dove", "took ground"),
        ("Which fines were imposed?", "500 crowns", "fines imposed"),
        ("Which companies' lorries fell?", "Hexby and Sons", "companies lorries fell"),
        ("Which vessels?", "Amber Dove", "vessels"),
        ("Who was fined?", "Otto Vane", "fined"),
    ],
)
def test_what_is_asked_for_says_nothing_of_a_name(question: str, item: str, wanted: str) -> None:
    assert wanted_words(question, item) == stems(wanted)


def test_a_name_beside_what_is_asked_for_is_less_sure_than_one_beside_what_is_asked_about_it() -> None:
    """Of 34 vessels that "took the ground" 20 had only taken something, and a sentence behind it said "vessel"."""
    document = document_of(
        "Incident 1. Thieves came aboard the Gallant Marigold and took 38 crates of barley. The vessel had left.\n"
        "Incident 2. In a falling wind the Amber Cormorant took the ground in the lock entrance for a day.\n"
    )
    rarity = {"vesse": 2.0, "took": 2.0, "groun": 2.8}
    found = found_in(document, "Gallant Marigold\nAmber Cormorant", "Which vessels took the ground?", rarity)
    marigold, cormorant = sorted(found, key=lambda one: one.shared)
    assert (marigold.text, cormorant.text) == ("Gallant Marigold", "Amber Cormorant")
    assert cormorant.shared == 1.0
    assert marigold.shared == pytest.approx(2 / 4.8)
