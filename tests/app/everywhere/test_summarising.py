"""Summaries: notes of every section, each sentence with the pages that carry it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from wholedoc import AskingParts, Done, Everywhere, Token
from wholedoc.documents.document import OutlineEntry
from wholedoc.everywhere.asking import PartsAsking
from wholedoc.everywhere.notes import NOTE, plainly, says_something
from wholedoc.everywhere.parts import parts_of
from wholedoc.everywhere.sections import asked_for, sections_of
from wholedoc.everywhere.tasks.summarising import summarise
from wholedoc.storage.notes import Notes

from .documents import LOG, document_of
from .scripted import Rule, Ruled

OUTLINE = (
    OutlineEntry("1 Arrival", 1, 1),
    OutlineEntry("1.1 Papers", 2, 1),
    OutlineEntry("1.2 Dues", 2, 2),
    OutlineEntry("2 Departure", 1, 3),
)
BOOK = document_of(
    "1 Arrival\nEvery yacht reports to the office.\n1.1 Papers\nThe constable asks for the ship's papers.\n",
    "1.2 Dues\nA yacht pays 30 crowns a night at the toll window.\n",
    "2 Departure\nA green lamp on the north gate means that yachts may leave.\n",
    outline=OUTLINE,
)


def first_sentence(message: str) -> str:
    """What a careful writer says: the first sentence behind the title."""
    body = message.split("\n\n", 1)[1]
    return next(line for line in body.splitlines() if line.endswith("."))


def summarised(rule: Rule, question: str = "Summarise this.") -> tuple[str, Everywhere]:
    events = list(summarise(PartsAsking((BOOK,), question, Ruled(rule))))
    assert isinstance(events[0], AskingParts)
    assert isinstance(events[-1], Done)
    text = next(event for event in events if isinstance(event, Token)).text
    everywhere = events[-1].answer.everywhere
    assert everywhere is not None
    for one in events[-1].answer.citations:
        assert one.quote in BOOK.pages[one.page - 1].text
    return text, everywhere


def test_every_section_is_summarised_with_its_pages() -> None:
    text, everywhere = summarised(first_sentence)
    assert [(one.title, one.pages) for one in everywhere.sections] == [
        ("1 Arrival", (1, 1)),
        ("1 Arrival › 1.1 Papers", (1, 1)),
        ("1 Arrival › 1.2 Dues", (2, 2)),
        ("2 Departure", (3, 3)),
    ]
    sentences = [sentence for section in everywhere.sections for sentence in section.sentences]
    assert [one.pages for one in sentences] == [(1,), (1,), (2,), (3,)]
    assert [one.page_labels for one in sentences] == [("i",), ("i",), ("ii",), ("iii",)]
    assert "**2 Departure**\nA green lamp on the north gate means that yachts may leave. (p. iii)" in text


@pytest.mark.parametrize(
    ("salt", "quotes"),
    [
        (
            "2 Salt\nSalt came in from the pans and left for the isles.\n",
            ["Salt came in from the pans and left for the isles."],
        ),
        ("2 Salt\n", ["1 Grain", "2 Salt", "3 Wine"]),
    ],
)
def test_no_citation_of_a_summary_is_a_title_alone_where_another_exists(salt: str, quotes: list[str]) -> None:
    outline = [OutlineEntry(one, 1, page) for page, one in enumerate(("1 Grain", "2 Salt", "3 Wine"), 1)]
    document = document_of("1 Grain\n", salt, "3 Wine\n", outline=outline)
    *_, done = summarise(
        PartsAsking((document,), "Summarise this.", Ruled(lambda _: "Salt came in from the pans."))
    )
    assert isinstance(done, Done)
    assert [one.quote for one in done.answer.citations] == quotes


def test_what_no_passage_carries_is_not_said_and_the_documents_own_words_stand_for_it() -> None:
    _, everywhere = summarised(lambda _: "The moon is made of cheese, as 99 astronomers found in Wellington.")
    said = [sentence.text for section in everywhere.sections for sentence in section.sentences]
    assert len(said) == 4
    assert not any("moon" in one for one in said)
    for section, sentence in zip(everywhere.sections, said, strict=True):
        page = BOOK.pages[section.pages[0] - 1].text
        assert sentence in " ".join(page.split())


def test_the_whole_has_as_many_sentences_as_were_asked_for() -> None:
    def rule(message: str) -> str:
        if message.startswith("These are notes"):
            return " ".join(line.split(": ", 1)[1] for line in message.splitlines() if re.match(r"\d", line))
        return first_sentence(message)

    text, _ = summarised(rule, "Summarise this in two sentences.")
    whole = text.split("\n\n")[0]
    assert whole == "Every yacht reports to the office. (p. i) The constable asks for the ship's papers. (p. i)"


def test_the_whole_says_what_titles_and_notes_together_carry_with_the_pages_that_do() -> None:
    def rule(message: str) -> str:
        if message.startswith("These are notes"):
            told = "The notes say that yachts report to the office and pay 30 crowns a night."
            return f"{told} Whales are mammals of 9 seas."
        return first_sentence(message)

    text, _ = summarised(rule)
    whole = text.split("\n\n")[0]
    assert whole == "Its sections say that yachts report to the office and pay 30 crowns a night. (p. i, ii)"


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("The passage also mentions that yachts pay at the window.", "Yachts pay at the window."),
        ("[1.2 Dues] Yachts pay at the window.", "Yachts pay at the window."),
        ("The passage describes the dues of yachts.", "This section describes the dues of yachts."),
        ("It says that yachts pay.", "Yachts pay."),
        ("The dues section of the passage lists what yachts pay.", "The dues section lists what yachts pay."),
        ("According to the passage, yachts pay.", "Yachts pay."),
        ("They say what they pay.", "They say what they pay."),
    ],
)
def test_a_note_says_what_the_passage_says_and_not_that_it_says_so(said: str, shown: str) -> None:
    assert plainly(said) == shown


def test_half_a_sentence_is_left_out() -> None:
    assert not says_something("The limits are much larger (e.g.", cut_short=False)
    assert says_something("The limits are much larger (e.g. 8 TB).", cut_short=False)
    assert not says_something("The limits are much", cut_short=True)


@pytest.mark.parametrize(
    ("question", "titles"),
    [
        ("Summarise chapter 1.2", ["1 Arrival › 1.2 Dues"]),
        ("Summarise chapter 2", ["2 Departure"]),
        ("Summarise the section on papers", ["1 Arrival › 1.1 Papers"]),
        ("Summarise the part about the arrival", ["1 Arrival", "1 Arrival › 1.1 Papers", "1 Arrival › 1.2 Dues"]),
        ("Summarise it", [one.title for one in sections_of(BOOK, parts_of(BOOK))]),
    ],
)
def test_a_question_may_name_a_section(question: str, titles: list[str]) -> None:
    assert [one.title for one in asked_for(sections_of(BOOK, parts_of(BOOK)), question)] == titles


def test_without_an_outline_there_are_equal_parts() -> None:
    long = document_of(*["A sentence of some length that says a thing. " * 90 for _ in range(9)])
    sections = sections_of(long, parts_of(long))
    assert len(sections) > 2
    assert sections[0].title == f"Pages i to {long.pages[sections[0].pages[1] - 1].label}"
    assert sections[0].pages[0] == 1
    assert sections[-1].pages[1] == 9
    assert sum(len(one.parts) for one in sections) == len(parts_of(long))
    (one,) = sections_of(document_of("Short."), parts_of(document_of("Short.")))
    assert one.title == "Page i"


def test_a_document_without_text_has_nothing_to_say() -> None:
    empty = document_of("", " ")
    *_, token, done = summarise(PartsAsking((empty,), "Summarise", Ruled(lambda _: "")))
    assert isinstance(token, Token)
    assert token.text == "There is no text to summarise."
    assert isinstance(done, Done)
    assert not done.answer.found
    assert sections_of(LOG, parts_of(LOG))


def test_notes_are_kept_so_that_the_second_summary_writes_none(tmp_path: Path) -> None:
    notes = Notes(tmp_path / "notes")
    first, second, other = (Ruled(first_sentence), Ruled(first_sentence), Ruled(first_sentence))
    other.name = "another"
    texts = []
    for writer in (first, second, other):
        *_, done = summarise(PartsAsking((BOOK,), "Summarise this.", writer, notes=notes))
        assert isinstance(done, Done)
        texts.append(done.answer.text)
    assert texts[0] == texts[1] == texts[2]
    told = [sum(one.startswith(NOTE) for one in writer.told) for writer in (first, second, other)]
    assert told == [4, 0, 4]
    assert second.told == []  # the whole is kept, too
    *_, done = summarise(PartsAsking((BOOK,), "Summarise this in two sentences.", second, notes=notes))
    assert [one.startswith("These are notes") for one in second.told] == [True]
    notes.remove(BOOK.id)
    assert notes.get(BOOK.id, "ruled") == []
    assert not list((tmp_path / "notes").iterdir())


def test_damaged_notes_are_written_anew(tmp_path: Path) -> None:
    notes = Notes(tmp_path / "notes")
    asking = PartsAsking((BOOK,), "Summarise this.", Ruled(first_sentence), notes=notes)
    list(summarise(asking))
    paths = list((tmp_path / "notes").iterdir())
    assert len(paths) == 2
    for damage in ("", "[]", '{"sections": [{"title": 1}]}', '{"sections": [{"pages": [1], "sentences": []}]}'):
        for path in paths:
            path.write_text(damage)
        writer = Ruled(first_sentence)
        list(summarise(PartsAsking((BOOK,), "Summarise this.", writer, notes=notes)))
        assert sum(one.startswith(NOTE) for one in writer.told) == 4
        assert sum(one.startswith("These are notes") for one in writer.told) == 1
