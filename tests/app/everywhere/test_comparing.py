"""Compare: each document asked apart, and what changed between two of them."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from wholedoc import Answer, Citation, Done, Event, Token
from wholedoc.answer import Timings, Usage
from wholedoc.documents.document import Document
from wholedoc.everywhere.asking import PartsAsking
from wholedoc.everywhere.kinds import Kind
from wholedoc.everywhere.tasks.changes import changes, differences
from wholedoc.everywhere.tasks.comparing import compare, question_for_each
from wholedoc.everywhere.wording import kind_of

from .documents import document_of
from .scripted import Ruled

OLD = document_of(
    "1. The rent is 900 a month.\n\n2. Notice is three months to the end of a quarter of the year.\n\n3. Pets are "
    "allowed.\n",
    name="old.txt",
    id="old",
)
NEW = document_of(
    "1. The rent is 900 a month.\n\n2. Notice is six months to the end of a quarter of the year.\n\n4. Smoking is "
    "forbidden indoors.\n",
    name="new.txt",
    id="new",
)


def answer(document: Document, text: str) -> Answer:
    cited = Citation(document.id, document.name, 1, "i", document.pages[0].text[:10], 1.0)
    found = bool(text)
    return Answer("q", text, found, (), (cited,) if found else (), (), Usage(0, 0, 0, 0, 0), Timings(0.0, 0.0, 0.0))


def compared(question: str, said: dict[str, str]) -> tuple[Answer, list[str]]:
    asked: list[str] = []

    def ask_one(document: Document, text: str) -> Generator[Event, None, Answer]:
        asked.append(text)
        yield from ()
        return answer(document, said[document.id])

    asking = PartsAsking((OLD, NEW), question, Ruled(lambda _: ""))
    *_, token, done = compare(asking, ask_one)
    assert isinstance(token, Token)
    assert isinstance(done, Done)
    assert done.answer.text == token.text
    return done.answer, asked


def test_every_document_is_asked_apart_and_answers_stand_side_by_side() -> None:
    found, asked = compared("How do they differ on notice periods?", {"old": "three months", "new": "six | months"})
    assert asked == ["What does the document say about notice periods?"] * 2
    assert found.everywhere is not None
    assert [(one.document, one.item) for one in found.everywhere.items] == [
        ("old.txt", "three months"),
        ("new.txt", "six | months"),
    ]
    assert "| new.txt | six \\| months | i |" in found.text
    assert len(found.citations) == 2


def test_a_document_that_says_nothing_is_named_as_such() -> None:
    found, _ = compared("Compare the pets.", {"old": "allowed", "new": ""})
    assert "| new.txt | does not say |  |" in found.text
    assert found.text.startswith("Only 1 of 2 documents say it.\n\n| document |")
    assert found.everywhere is not None
    assert found.everywhere.items[1].quote == ""
    assert not found.everywhere.items[1].verified


def test_changes_are_found_paragraph_by_paragraph_and_nobody_is_asked() -> None:
    writer = Ruled(lambda _: "")
    *_, token, done = changes(PartsAsking((OLD, NEW), "What changed?", writer))
    assert isinstance(token, Token)
    assert isinstance(done, Done)
    assert writer.told == []
    assert done.answer.everywhere is not None
    items = done.answer.everywhere.items
    kinds = [(one.item.split(",")[0].split(":")[0], one.document) for one in items]
    assert kinds == [("changed", "new.txt"), ("removed", "old.txt"), ("added", "new.txt")]
    changed, removed, added = items
    assert "six months" in changed.quote
    assert "three months" in changed.item
    assert "Pets" in removed.quote
    assert "Smoking" in added.quote
    for one, document in ((changed, NEW), (removed, OLD), (added, NEW)):
        assert one.quote in document.pages[one.page - 1].text
    assert done.answer.everywhere.count == 3
    assert token.text.startswith("3 paragraphs are different.\n\n- new.txt, p. i, changed")
    assert [one.citations for one in done.answer.sources] == [(1,), (2,), (3,)]


def test_nothing_changed_is_said() -> None:
    assert list(differences(OLD, OLD)) == []
    *_, token, _ = changes(PartsAsking((OLD, OLD), "What changed?", Ruled(lambda _: "")))
    assert token == Token("Both documents have the same paragraphs.")


@pytest.mark.parametrize(
    ("question", "each"),
    [
        ("How do A and B differ on notice periods?", "What does the document say about notice periods?"),
        ("What is the difference in rent?", "What does the document say about rent?"),
        ("Which contract has the longer notice?", "Which contract has the longer notice?"),
    ],
)
def test_what_each_document_is_asked(question: str, each: str) -> None:
    assert question_for_each(question) == each


def test_only_two_documents_can_have_changed() -> None:
    assert kind_of("What changed?", 2) is Kind.CHANGES
    assert kind_of("What changed?", 3) is Kind.COMPARISON
    assert kind_of("What changed in the notice periods?", 2) is Kind.COMPARISON
    assert kind_of("Compare the rents.", 2) is Kind.COMPARISON
