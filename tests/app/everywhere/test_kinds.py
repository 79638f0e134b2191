"""What kind of question it is: written ones, which the rule was made with, and some that must not slip."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from wholedoc import Kind, Scope
from wholedoc.everywhere.wording import kind_of, wanted

CASES = json.loads((Path(__file__).parent / "kinds.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize(("documents", "question", "kind"), [tuple(one) for one in CASES])
def test_a_question_is_of_its_kind(documents: int, question: str, kind: str) -> None:
    assert kind_of(question, documents) is Kind(kind)


@pytest.mark.parametrize(
    "question",
    [
        "How do A and B differ on notice periods?",
        "Compare the notice periods.",
        "Which contract has the longer notice period?",
        "What do they have in common?",
    ],
)
def test_several_documents_are_compared_and_one_is_not(question: str) -> None:
    assert kind_of(question, 2) is Kind.COMPARISON
    assert kind_of(question, 1) is not Kind.COMPARISON


def test_what_is_asked_of_several_named_things_goes_to_one_place_for_each() -> None:
    assert kind_of("What are the fees for yachts?", 1) is Kind.LIST
    assert kind_of("What are the fees for yachts, barges and tugs?", 1) is Kind.ONE_PLACE
    assert kind_of("What are the main points of chapter 1, chapter 2 and chapter 3?", 1) is Kind.SUMMARY


def test_the_scope_decides_before_the_words_do() -> None:
    assert wanted("List all fines.", 1, Scope.ONE_PLACE) is None
    assert wanted("List all fines.", 1, Scope.BY_QUESTION) is Kind.LIST
    assert wanted("Who signed it?", 1, Scope.BY_QUESTION) is None
    assert wanted("Who signed it?", 1, Scope.EVERYWHERE) is Kind.LIST
