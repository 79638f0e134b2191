"""Suggested questions: first ones about a document's sections, later ones about what was answered."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wholedoc import Answer, Citation, Document, Introduction, Timings, Usage
from wholedoc.documents.document import OutlineEntry
from wholedoc.documents.extraction import read_document
from wholedoc_ui.suggestions import ANY_DOCUMENT, BY_TITLE, suggest, suggest_next

from .conftest import NOTICE


def document(*outline: tuple[str, int]) -> Document:
    entries = tuple(OutlineEntry(title, level, 1) for title, level in outline)
    return Document.from_pages("d1", "a.pdf", [("Text.", "1")], entries)


def chapters(*titles: str) -> Document:
    return document(*((title, 1) for title in titles))


def titles_in(questions: tuple[str, ...]) -> list[str]:
    return [question.partition("“")[2].rpartition("”")[0] for question in questions]


def test_without_an_outline_the_questions_fit_any_document() -> None:
    assert suggest(document()) == ANY_DOCUMENT
    assert len(ANY_DOCUMENT) == BY_TITLE == 3


def test_sections_spread_over_the_document_are_asked_about() -> None:
    titles = [f"Section {letter}" for letter in "ABCDEFGHI"]
    assert titles_in(suggest(chapters(*titles))) == ["Section B", "Section E", "Section H"]


def test_three_sections_are_three_questions() -> None:
    assert titles_in(suggest(chapters("Harbour", "Pilots", "Dues for ships"))) == [
        "Harbour",
        "Pilots",
        "Dues for ships",
    ]


@pytest.mark.parametrize("known", [1, 2])
def test_few_sections_are_filled_up(known: int) -> None:
    questions = suggest(chapters(*["Harbour", "Pilots"][:known]))
    assert titles_in(questions)[:known] == ["Harbour", "Pilots"][:known]
    assert questions[known:] == ANY_DOCUMENT[: BY_TITLE - known]


def test_chapters_come_before_their_sections() -> None:
    outline = []
    for chapter in ("Harbour", "Pilots", "Dues for ships"):
        outline += [(chapter, 1), (f"{chapter}, one", 2), (f"{chapter}, two", 2)]
    assert titles_in(suggest(document(*outline))) == ["Harbour", "Pilots", "Dues for ships"]


def test_sections_help_where_chapters_are_few() -> None:
    asked = titles_in(suggest(document(("The whole book", 1), ("Harbour", 2), ("Pilots", 2), ("Deeper still", 3))))
    assert asked == ["The whole book", "Harbour", "Pilots"]


@pytest.mark.parametrize(
    "title",
    ["Contents", "TABLE OF CONTENTS", "index", "  Title \n page ", "12", "3.1.4", "— * —", "A", "x" * 200, ""],
)
def test_titles_that_say_nothing_are_not_asked_about(title: str) -> None:
    asked = titles_in(suggest(chapters(title, "Harbour", "Pilots", "Dues for ships")))
    assert asked == ["Harbour", "Pilots", "Dues for ships"]


def test_titles_are_on_one_line_and_as_they_are() -> None:
    asked = titles_in(suggest(chapters("Dues\n  for {ships}", "<b>Pilots</b>", "100% “quoted” $x")))
    assert asked == ["Dues for {ships}", "<b>Pilots</b>", "100% “quoted” $x"]


def test_a_real_document_is_asked_about_its_sections() -> None:
    notice = read_document(NOTICE)
    asked = titles_in(suggest(notice))
    assert all(asked)
    assert set(asked) <= {" ".join(entry.title.split()) for entry in notice.outline}


TITLES = st.one_of(st.text(max_size=90), st.sampled_from(["Harbour", "harbour", "Contents", "Pilots", "{}", "{0}"]))


@given(st.lists(st.tuples(TITLES, st.integers(1, 6)), max_size=30))
def test_there_are_always_three_and_never_the_same_twice(outline: list[tuple[str, int]]) -> None:
    questions = suggest(document(*outline))
    assert len(questions) == BY_TITLE
    assert len(set(questions)) == BY_TITLE
    assert all(question.strip() and "\n" not in question and len(question) < 120 for question in questions)
    titles = {" ".join(title.split()) for title, _ in outline}
    asked = [title for title in titles_in(questions) if title]
    assert set(asked) <= titles
    assert len(set(asked)) == len(asked)
    worth = {title for title in titles if 4 <= len(title) < 80 and any(map(str.isalpha, title))} - {"Contents"}
    if not {title.lower() for title in worth} & {"index", "cover", "preface", "foreword", "contents"}:
        assert len(asked) == min(len(worth), BY_TITLE)


def answered(text: str, *pages: int, question: str = "?") -> Answer:
    citations = tuple(Citation("d1", "a.pdf", page, str(page), text, 1.0) for page in pages)
    return Answer(question, text, True, (), citations, (), Usage(0, 0, 0, 0, 0), Timings(0, 0, 1))


def test_after_an_answer_its_section_and_the_next_are_asked_about() -> None:
    outline = tuple(OutlineEntry(title, 1, page) for title, page in (("Harbour", 1), ("Pilots", 3), ("Dues", 6)))
    known = Document.from_pages("d1", "a.pdf", [("Text.", str(page)) for page in range(1, 9)], outline)
    offered = suggest_next(known, None, answered("They wait.", 4, 7), [])
    assert offered == ("What else does “Pilots” say?", "What does “Dues” say?")
    assert suggest_next(known, None, answered("They wait.", 4), ["what else DOES “Pilots” say?"]) == offered[1:]
    assert suggest_next(document(), None, answered("They wait.", 1), []) == ()


def test_questions_of_the_introduction_about_the_same_subject_come_first() -> None:
    questions = ("Where do pilots board ships?", "Who was fined?", "Which pilots board at night?")
    known = Introduction("d1", "a.pdf", 1, "", (), questions)
    answer = answered("Pilots board at Mercy Dock.", 1, question="Where do pilots board?")
    assert suggest_next(document(), known, answer, ["Where do pilots board ships?"]) == (questions[2],)
