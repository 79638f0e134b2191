"""What prompts have in common is read once, and nothing that is written depends on it."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from benchmarks.random_model import write_random_model

from parallelcomp import Engine, Prefix, Sampling
from wholedoc import Library, Settings
from wholedoc.models.lazy_model import LazyModel
from wholedoc.writers.assignment import Excerpt, assignment, rewriting
from wholedoc.writers.beginnings import HELD, MOST, WORTH_HOLDING, Beginnings
from wholedoc.writers.local import LocalWriter
from wholedoc.writers.parts import LocalParts, read_parts
from wholedoc.writers.writer import Message, Written

pytestmark = pytest.mark.embedded
WHO = ("Ann", "Ben", "Cleo", "Dan")
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


def test_the_first_prompt_has_it_read_and_the_next_find_it(engine: Engine, noted: Noted) -> None:
    beginnings = Beginnings(engine)
    found = [beginnings.of((*TASK, last, 2, 3), TASK) for last in range(3)]
    assert found[0] is not None
    assert found[0].token_ids == TASK
    assert found[1] is found[0]
    assert found[2] is found[0]
    assert noted.lengths == [len(TASK)]


def test_less_than_is_worth_it_is_not_read(engine: Engine, noted: Noted) -> None:
    beginnings = Beginnings(engine)
    for last in range(3):
        assert beginnings.of((*TASK[1:], last, 1, 2), TASK[1:]) is None
        assert beginnings.of((*TASK, last), ()) is None
    assert noted.lengths == []


def test_two_tokens_are_left_of_a_prompt(engine: Engine) -> None:
    prompt = (*TASK, 1, 2)
    found = Beginnings(engine).of(prompt, (*prompt, 3))
    assert found is not None
    assert len(found) == len(prompt) - 2


def test_no_more_is_held_than_is_worth_it(engine: Engine) -> None:
    long = TASK * (MOST // len(TASK) + 2)
    found = Beginnings(engine).of((*long, 1, 2), long)
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


def test_an_answer_does_not_depend_on_what_was_asked_before(
    settings: Settings, embedded_folder: Path, tmp_path: Path
) -> None:
    """To the last bit, by how likely the writer is to begin with some words, where prompts share passages, too."""
    write_random_model(tmp_path, embedded_folder, 0.3)  # with smaller weights rounding does not show
    settings = replace(settings, model=str(tmp_path))
    excerpts = [Excerpt("1", f"The Hesper came in with {n} crates of salt.") for n in range(12)]
    asked = [assignment(f"{who}?", excerpts[: 6 + 3 * (n % 3)]) for n, who in enumerate(WHO)]
    sampling = Sampling(max_new_tokens=6)

    def said(writer: LocalWriter, messages: Sequence[Message]) -> tuple[str, list[float]]:
        ended: list[Written] = []

        def pieces() -> Generator[str, None, None]:
            ended.append((yield from writer.write(messages, sampling)))

        text, (written,) = "".join(pieces()), ended
        assert written.would_begin is not None
        return text, [written.would_begin(word) for word in ("The", "Not", "A", "1", "Yes", *WHO)]

    used = LocalWriter("tiny", LazyModel(settings))
    together = [said(used, one) for one in (*asked, asked[-1])]
    fresh = [said(LocalWriter("tiny", LazyModel(settings)), one) for one in asked]
    assert together == [*fresh, fresh[-1]]
    assert len({text for text, _ in fresh}) == len(fresh)


def test_what_every_assignment_begins_with_is_read_once(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = LocalWriter("tiny", LazyModel(settings))
    noted = Noted(writer._loaded()[1], monkeypatch)
    for who in WHO:
        for messages in (
            assignment(f"{who}?", [Excerpt("1", f"{who} came.")]),
            rewriting(f"{who}?", [("Who?", who)]),
        ):
            "".join(writer.write(messages, Sampling(max_new_tokens=1)))
    assert len(noted.lengths) == 2
    assert min(noted.lengths) >= WORTH_HOLDING


def test_groups_of_parts_share_what_stands_before_them(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = LocalWriter("tiny", LazyModel(settings))
    before, behind = "List every ship in this text: " * 5, "\nShips:"
    noted = Noted(writer._loaded()[1], monkeypatch)
    groups = [["The Hesper came in."], ["The Ostrevane left."]]
    replies = [[*read_parts(writer, before, parts).replies(behind, 4)] for parts in groups]
    assert len(noted.lengths) == 1
    alone = [[*LocalParts(writer.model, before, parts).replies(behind, 4)] for parts in groups]
    assert replies == alone
