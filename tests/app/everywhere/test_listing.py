"""List and count: what a writer says of each part becomes items that are checked, filtered, merged and counted."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from wholedoc import AskingParts, Cited, Done, Everywhere, Token
from wholedoc.documents.document import Document
from wholedoc.everywhere.asking import PartsAsking
from wholedoc.everywhere.tasks import listing
from wholedoc.everywhere.tasks.listing import list_items
from wholedoc.writers import parts

from .documents import LOG, document_of
from .scripted import Rule, Ruled, extracting


def vessels(message: str) -> str:
    """What a good writer says about gas oil."""
    found = re.findall(r"gas oil ran from the \w+ (\w+ \w+)", message)
    return "\n".join(found) or "Not stated."


def listed(
    rule: Rule, question: str = "From which vessels did gas oil run?", document: Document = LOG
) -> tuple[list[object], Everywhere]:
    events = list(list_items(PartsAsking((document,), question, Ruled(rule))))
    assert isinstance(events[-1], Done)
    everywhere = events[-1].answer.everywhere
    assert everywhere is not None
    return events, everywhere


def test_items_come_with_their_pages_and_exact_quotes_in_the_documents_order() -> None:
    events, everywhere = listed(extracting(vessels))
    assert [(one.item, one.page, one.page_label, one.verified) for one in everywhere.items] == [
        ("Amber Dove", 1, "i", True),
        ("Bold Wren", 2, "ii", True),
    ]
    assert everywhere.count == 2
    for one in everywhere.items:
        assert one.quote in LOG.pages[one.page - 1].text
        assert one.item in one.quote
        assert "gas oil" in one.quote
    cited = next(event for event in events if isinstance(event, Cited))
    assert [one.quote for one in cited.citations] == [one.quote for one in everywhere.items]
    kinds = [type(event) for event in events]
    assert kinds[-3:] == [Cited, Token, Done]
    text = next(event for event in events if isinstance(event, Token)).text
    assert text.startswith("2 found")
    assert "- Amber Dove (p. i)\n- Bold Wren (p. ii)" in text


def test_every_line_of_the_answer_names_its_citation() -> None:
    events, _ = listed(extracting(vessels))
    assert isinstance(events[-1], Done)
    answer = events[-1].answer
    assert [answer.text[one.start : one.stop] for one in answer.sources] == [
        "Amber Dove (p. i)",
        "Bold Wren (p. ii)",
    ]
    for one in answer.sources:
        (number,) = one.citations
        assert answer.text[one.start : one.stop].split(" (")[0] in answer.citations[number - 1].quote


def test_progress_tells_what_is_found_while_it_works(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "AT_ONCE", 1)
    events, everywhere = listed(extracting(vessels))
    progress = [event for event in events if isinstance(event, AskingParts)]
    assert (progress[0].done, progress[0].seconds_left) == (0, None)
    assert progress[-1].done == progress[-1].total == everywhere.asked
    assert [len(one.items) for one in progress] == sorted(len(one.items) for one in progress)
    assert len(progress[-1].items) == 2
    assert all(one.seconds_left is not None for one in progress if one.done)
    assert [len(one.answered) for one in progress] == [one.done for one in progress]
    assert {page for one in progress[-1].answered for page in range(one.first, one.last + 1)} == {1, 2, 3, 4}


def test_what_the_part_does_not_say_is_dropped() -> None:
    _, everywhere = listed(extracting(lambda message: f"{vessels(message)}\nCutty Sark\nvessels"))
    assert [one.item for one in everywhere.items] == ["Amber Dove", "Bold Wren"]


def test_what_the_writer_denies_when_asked_back_is_not_verified_and_not_counted() -> None:
    _, everywhere = listed(extracting(vessels, agree=lambda message: "Amber Dove" in message.split("Proposed")[1]))
    assert [(one.item, one.verified) for one in everywhere.items] == [("Amber Dove", True), ("Bold Wren", False)]
    assert everywhere.count == 1


def test_a_wrong_name_out_of_the_right_sentence_gives_way_to_the_right_one() -> None:
    def harbours(message: str) -> str:
        return "\n".join(name for name in ("Corn Quay", "North Mole") if name in message) or "Not stated."

    def agree(message: str) -> bool:
        return message.split("Proposed answer: ")[1].startswith(("Amber Dove", "Bold Wren"))

    _, everywhere = listed(extracting(harbours, agree=agree))
    assert [(one.item, one.verified) for one in everywhere.items] == [("Amber Dove", True), ("Bold Wren", True)]
    assert all(one.item in one.quote for one in everywhere.items)


COURT = document_of(
    "On 3 May the case of the Amber Dove came before the Harbour Court. Gas oil had run from the Amber Dove.\n"
    "On 9 May gas oil ran from a boat, as the harbour constable says.\n"
    "The Harbour Court sat twice, and the Harbour Authority paid.\n"
)


def test_a_word_that_only_begins_longer_names_is_no_verified_item() -> None:
    """A small writer took "Harbour" out of such sentences, and agreed to it when it was asked back."""
    _, everywhere = listed(
        extracting(lambda message: "Harbour" if "Harbour" in message else "Not stated."), document=COURT
    )
    assert not [one.item for one in everywhere.items if one.verified and one.item == "Harbour"]

    def agree(message: str) -> bool:
        return message.split("Proposed answer: ")[1].startswith(("Amber Dove", "Harbour\n"))

    _, everywhere = listed(extracting(lambda _: "Harbour\nAmber Dove", agree=agree), document=COURT)
    assert [one.item for one in everywhere.items if one.verified] == ["Amber Dove"]


def test_a_word_that_is_a_name_by_itself_is_verified() -> None:
    document = document_of(
        "Gas oil ran from the Swift at Corn Quay. The Swift Sound was closed. The Swift went home.\n"
    )
    _, everywhere = listed(extracting(lambda _: "Swift"), document=document)
    assert [(one.item, one.verified) for one in everywhere.items] == [("Swift", True)]


def test_another_name_must_satisfy_the_questions_condition_too() -> None:
    def agree(message: str) -> bool:
        return "Amber Dove" in message.split("Proposed answer: ")[1]

    found = extracting(lambda message: "Corn Quay" if "Corn Quay" in message else "Not stated.", agree=agree)
    _, free = listed(found, "From which vessels did gas oil run?")
    assert [one.item for one in free.items] == ["Amber Dove"]
    _, spelled = listed(found, "From which vessels whose names begin with 'Corn' did gas oil run?")
    assert [(one.item, one.verified) for one in spelled.items] == [("Corn Quay", False)]


def test_a_slide_is_cited_by_its_name() -> None:
    document = Document.from_pages(
        "d", "talk.pptx", [("1,200 litres of gas oil ran from the ferry Amber Dove at Corn Quay.", "slide 3")]
    )
    events, _ = listed(extracting(vessels), document=document)
    text = next(event for event in events if isinstance(event, Token)).text
    assert "Amber Dove (slide 3)" in text


def test_of_two_right_names_in_one_sentence_none_gives_way() -> None:
    document = document_of(
        "At noon the Amber Dove and the Bold Wren met bow to bow off Corn Quay. Nobody was hurt.\n"
    )
    found = extracting(lambda _: "Amber Dove\nBold Wren")
    _, everywhere = listed(found, "Which vessels met bow to bow?", document)
    assert [one.item for one in everywhere.items] == ["Amber Dove", "Bold Wren"]


def test_an_item_is_asked_back_about_its_quote_alone() -> None:
    writer = Ruled(extracting(vessels))
    list(list_items(PartsAsking((LOG,), "From which vessels did gas oil run?", writer)))
    checks = [one for one in writer.told if "Proposed answer: Bold Wren" in one]
    assert len(checks) == 1
    assert "Quiet Finch" not in checks[0]


def test_code_applies_the_questions_condition_and_the_writer_never_sees_it() -> None:
    writer = Ruled(extracting(vessels))
    question = "From which vessels did more than 1,000 litres of gas oil run?"
    *_, done = list_items(PartsAsking((LOG,), question, writer))
    assert isinstance(done, Done)
    assert done.answer.everywhere is not None
    assert [one.item for one in done.answer.everywhere.items] == ["Amber Dove"]
    assert not any("more than 1,000" in one for one in writer.told)
    assert done.answer.question == question


def test_the_same_name_twice_is_one_item_and_the_same_sum_twice_is_two() -> None:
    pages = [f"Entry {number}. A fine of 500 crowns was imposed on Ruddock.\n" for number in range(3)]
    document = document_of("\n".join(pages))
    _, names = listed(extracting(lambda _: "Ruddock"), "On whom was a fine imposed?", document)
    assert [one.item for one in names.items] == ["Ruddock"]
    apart = document_of(*[page * 9 for page in pages])
    _, sums = listed(extracting(lambda _: "500 crowns"), "Which fines were imposed?", apart)
    assert len(sums.items) == 3


def test_nothing_found_is_said_with_how_much_was_asked() -> None:
    events, everywhere = listed(extracting(lambda _: "Not stated."))
    assert (everywhere.items, everywhere.count) == ((), 0)
    text = next(event for event in events if isinstance(event, Token)).text
    assert text == f"Nothing found in all {everywhere.parts} parts."
    assert isinstance(events[-1], Done)
    assert not events[-1].answer.found


def test_it_stops_after_enough_parts_in_a_row_held_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "AT_ONCE", 4)
    document = document_of(*[f"Paragraph {number} says a thing at some length. " * 12 for number in range(10)] * 9)
    assert len(document.pages) == 10
    monkeypatch.setattr(listing, "BOUNDS", replace(listing.BOUNDS, patience=5))
    _, everywhere = listed(extracting(lambda _: "Not stated."), "Which things?", document)
    assert everywhere.asked == 8
    monkeypatch.setattr(listing, "BOUNDS", replace(listing.BOUNDS, most=6, patience=500))
    events, everywhere = listed(extracting(lambda _: "Not stated."), "Which things?", document)
    assert everywhere.asked == 6
    text = next(event for event in events if isinstance(event, Token)).text
    assert text == f"Nothing found in the 6 most promising of {everywhere.parts} parts."


def test_parts_that_had_more_to_say_are_counted() -> None:
    events = list(list_items(PartsAsking((LOG,), "Which vessels?", Ruled(extracting(vessels), cut_short=True))))
    assert isinstance(events[-1], Done)
    assert events[-1].answer.everywhere is not None
    assert events[-1].answer.everywhere.cut_short == events[-1].answer.everywhere.asked


def test_several_documents_are_asked_together() -> None:
    other = document_of("9 litres of gas oil ran from the yacht Grey Heron.", name="other.txt", id="other")
    asked = PartsAsking((LOG, other), "From which vessels did gas oil run?", Ruled(extracting(vessels)))
    *_, done = list_items(asked)
    assert isinstance(done, Done)
    assert done.answer.everywhere is not None
    assert {(one.item, one.document) for one in done.answer.everywhere.items} == {
        ("Amber Dove", "log.txt"),
        ("Bold Wren", "log.txt"),
        ("Grey Heron", "other.txt"),
    }
