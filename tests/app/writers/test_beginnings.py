"""What prompts have in common is read once, and nothing that is written depends on it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from parallelcomp import Engine, Prefix, Sampling
from wholedoc import Library, Settings
from wholedoc.models.lazy_model import LazyModel
from wholedoc.writers.beginnings import HELD, MOST, WORTH_HOLDING, Beginnings
from wholedoc.writers.local import LocalWriter
from wholedoc.writers.parts import LocalParts, read_parts
from wholedoc.writers.writer import Message

pytestmark = pytest.mark.embedded
TASK = tuple(range(100, 100 + WORTH_HOLDING))


class Noted:
    """Notes which beginnings an engine reads."""

    def __init__(self, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
        self.lengths: list[int] = []
        read_prefix = engine.read_prefix

        def noting(token_ids: Sequence[int]) -> Prefix:
            self.lengths.append(len(token_ids))
            return read_prefix(token_ids)

        monkeypatch.setattr(engine, "read_prefix", noting)


@pytest.fixture
def engine(library: Library) -> Engine:
    return library.engine


@pytest.fixture
def noted(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Noted:
    return Noted(engine, monkeypatch)


def test_the_second_prompt_has_it_read_and_the_third_finds_it(engine: Engine, noted: Noted) -> None:
    beginnings = Beginnings(engine)
    assert beginnings.of((*TASK, 1, 2, 3)) is None
    second, third = beginnings.of((*TASK, 4, 5, 6)), beginnings.of((*TASK, 7, 8, 9))
    assert second is not None
    assert second is third
    assert second.token_ids == TASK
    assert noted.lengths == [len(TASK)]


def test_less_than_is_worth_it_is_not_read(engine: Engine, noted: Noted) -> None:
    beginnings = Beginnings(engine)
    for last in range(3):
        assert beginnings.of((*TASK[1:], last, 1, 2)) is None
    assert noted.lengths == []


def test_two_tokens_are_left_of_a_prompt_that_comes_again(engine: Engine) -> None:
    prompt = (*TASK, 1, 2)
    beginnings = Beginnings(engine)
    beginnings.of(prompt)
    for _ in range(2):
        again = beginnings.of(prompt)
        assert again is not None
        assert len(again) == len(prompt) - 2


def test_a_longer_beginning_takes_the_place_of_a_shorter_one(engine: Engine, noted: Noted) -> None:
    beginnings = Beginnings(engine)
    longer = (*TASK, *TASK)
    for last in range(2):
        beginnings.of((*TASK, last, 1, 2))
    for last in range(3):
        found = beginnings.of((*longer, last, 1, 2))
    assert found is not None
    assert found.token_ids == longer
    assert noted.lengths == [len(TASK), len(longer)]


def test_no_more_is_held_than_is_worth_it(engine: Engine) -> None:
    beginnings = Beginnings(engine)
    long = TASK * (MOST // len(TASK) + 2)
    for last in range(2):
        found = beginnings.of((*long, last, 1, 2))
    assert found is not None
    assert len(found) == MOST


def test_the_one_that_was_not_used_for_longest_goes(engine: Engine, noted: Noted) -> None:
    beginnings = Beginnings(engine)
    wanted = [(*TASK, one) for one in range(HELD + 1)]
    for ids in wanted[:HELD]:
        beginnings.read(ids)
    beginnings.read(wanted[0])
    beginnings.read(wanted[HELD])  # the second goes
    before = len(noted.lengths)
    beginnings.read(wanted[0])
    assert len(noted.lengths) == before
    beginnings.read(wanted[1])
    assert len(noted.lengths) == before + 1


def test_a_writer_says_the_same_with_and_without(settings: Settings) -> None:
    """The prompts have their template's beginning and a task in common."""
    task = "Rewrite the last question so that it says everything itself. " * 4
    asked = [Message("user", f"{task}{last}") for last in ("Who came?", "Since when?", "And why?")]
    sampling = Sampling(max_new_tokens=6)
    used = LocalWriter("tiny", LazyModel(settings))
    together = ["".join(used.write([one], sampling)) for one in asked]
    fresh = ["".join(LocalWriter("tiny", LazyModel(settings)).write([one], sampling)) for one in asked]
    assert together == fresh


def test_groups_of_parts_share_what_stands_before_them(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = LocalWriter("tiny", LazyModel(settings))
    before, behind = "List every ship in this text: " * 5, "\nShips:"
    noted = Noted(writer._loaded()[1], monkeypatch)
    groups = [["The Hesper came in."], ["The Ostrevane left."]]
    replies = [[*read_parts(writer, before, parts).replies(behind, 4)] for parts in groups]
    assert len(noted.lengths) == 1
    alone = [[*LocalParts(writer.model, before, parts).replies(behind, 4)] for parts in groups]
    assert replies == alone
