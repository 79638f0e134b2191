"""Tokens that users take on a day: counted by all processes, set aside before, given back afterwards."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import pytest

from wholedoc.errors import TokenQuotaError
from wholedoc.storage.people.daily_tokens import DAY_S, Charge, DailyTokens

MORNING = 20_000 * DAY_S + 3600.0


class Clock:
    def __init__(self) -> None:
        self.now = MORNING

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tokens(tmp_path: Path, clock: Clock) -> DailyTokens:
    return DailyTokens(tmp_path / "usage", clock)


def test_what_is_set_aside_counts_until_it_is_settled(tokens: DailyTokens) -> None:
    charge = Charge("a", {"one": 100}, 50)
    tokens.take("ann", charge, 150)
    assert tokens.used("ann") == 150
    tokens.settle("ann", charge, 10)
    assert (tokens.used("ann"), tokens.used("bob")) == (110, 0)
    tokens.take("ann", Charge("b", {"one": 100}, 40), 150)  # the document counts once
    with pytest.raises(TokenQuotaError, match="up to 1 tokens, and 0 of the 150") as refused:
        tokens.take("ann", Charge("c", {}, 1), 150)
    assert (refused.value.free_at, refused.value.wait_s) == (20_001 * DAY_S, DAY_S - 3600)
    assert tokens.used("ann") == 150


def test_a_request_that_failed_counts_nothing(tokens: DailyTokens) -> None:
    charge = Charge("a", {"one": 100, "two": 20}, 50)
    tokens.take("ann", Charge("first", {"two": 20}), None)
    tokens.take("ann", charge, None)
    tokens.give_back("ann", charge)
    assert tokens.used("ann") == 20
    tokens.give_back("ann", charge)
    assert tokens.used("ann") == 20


def test_a_request_that_is_tried_again_counts_once(tokens: DailyTokens) -> None:
    charge = Charge("a", {"one": 100}, 50)
    tokens.take("ann", charge, 150)
    tokens.take("ann", charge, 150)
    assert tokens.used("ann") == 150


def test_a_day_begins_at_midnight_and_what_is_at_work_then_is_the_old_days(
    tokens: DailyTokens, clock: Clock
) -> None:
    charge = Charge("a", {"one": 100}, 50)
    tokens.take("ann", charge, 150)
    clock.now = tokens.free_at
    assert tokens.used("ann") == 0
    tokens.settle("ann", charge, 50)
    assert tokens.used("ann") == 0
    tokens.take("ann", charge, 150)
    assert tokens.used("ann") == 150


def test_a_damaged_file_counts_as_none(tokens: DailyTokens) -> None:
    for content in ("", "[]", "{}", '{"day": 1, "open": {"a": 3}}'):
        tokens.folder.mkdir(exist_ok=True)
        (tokens.folder / "ann.json").write_text(content)
        assert tokens.used("ann") == 0


def test_nothing_left_is_said_at_once(tokens: DailyTokens) -> None:
    tokens.check("ann", 1)
    tokens.check("ann", None)
    tokens.take("ann", Charge("a", {}, 1), 1)
    with pytest.raises(TokenQuotaError):
        tokens.check("ann", 1)


def _take_many(folder: Path, process: int) -> None:
    tokens = DailyTokens(folder)
    for n in range(25):
        charge = Charge(f"{process} {n}", {f"document {n}": 10}, 5)
        tokens.take("ann", charge, None)
        tokens.settle("ann", charge, 1)


def test_all_processes_count_in_one_file(tmp_path: Path) -> None:
    folder = tmp_path / "usage"
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_take_many, args=(folder, number)) for number in range(3)]
    for one in processes:
        one.start()
    for one in processes:
        one.join()
    assert [one.exitcode for one in processes] == [0, 0, 0]
    assert DailyTokens(folder).used("ann") == 25 * 10 + 3 * 25
    assert (folder.stat().st_mode & 0o077) == 0
