"""Is it said anywhere: all places, or none, with how much was asked."""

from __future__ import annotations

from dataclasses import replace

import pytest

from wholedoc import AskingParts, Done, Everywhere, Token
from wholedoc.everywhere.asking import PartsAsking
from wholedoc.everywhere.tasks import checking
from wholedoc.everywhere.tasks.checking import check

from .documents import LOG
from .scripted import Ruled


def checked(
    says: str, question: str = "Does it say anywhere that a vessel took the ground?"
) -> tuple[str, Everywhere]:
    writer = Ruled(lambda message: "Yes." if says in message.split("Question:")[0] else "No.")
    events = list(check(PartsAsking((LOG,), question, writer)))
    assert all(isinstance(event, AskingParts) for event in events[:-3])
    assert isinstance(events[-1], Done)
    text = next(event for event in events if isinstance(event, Token)).text
    everywhere = events[-1].answer.everywhere
    assert everywhere is not None
    assert events[-1].answer.found is bool(everywhere.items)
    return text, everywhere


def test_all_places_are_told_with_their_sentences() -> None:
    text, everywhere = checked("took the ground")
    assert text.startswith("Yes, in one place.\n\n- p. i:")
    (item,) = everywhere.items
    assert (item.page, item.page_label, item.verified) == (1, "i", True)
    assert "took the ground" in item.quote
    assert item.quote in LOG.pages[0].text
    assert everywhere.count == 1


def test_no_is_said_with_how_surely() -> None:
    text, everywhere = checked("no such words")
    assert everywhere.items == ()
    assert text == f"No: all {everywhere.parts} parts were asked, and none says so."


def test_a_no_that_rests_on_some_of_the_parts_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checking, "BOUNDS", replace(checking.BOUNDS, most=2))
    text, _ = checked("no such words")
    assert text == "No: none of the 2 most promising parts says so. All 3 parts were rated by their words."
