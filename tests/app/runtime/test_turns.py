"""Many callers, one model: fair, interruptible turns."""

from __future__ import annotations

import threading
import time
from collections.abc import Generator

import pytest

from parallelcomp import Cancelled
from wholedoc.runtime.turns import Turns


def count(name: str, steps: int, log: list[str], inside: list[int]) -> Generator[int, None, str]:
    """A piece of work that logs its steps, and checks that nothing else is at work meanwhile."""
    for step in range(steps):
        inside.append(1)
        assert sum(inside) == 1
        log.append(name)
        time.sleep(0.002)
        inside.append(-1)
        yield step
    return name


def test_steps_come_through_and_so_does_what_is_returned() -> None:
    def caller() -> Generator[int, None, str]:
        return (yield from Turns().steps(count("a", 3, [], [])))

    work = caller()
    assert [next(work), next(work), next(work)] == [0, 1, 2]
    with pytest.raises(StopIteration) as stop:
        next(work)
    assert stop.value.value == "a"


def test_callers_take_turns_and_never_overlap() -> None:
    """A long job does not keep a short one waiting: the short one's steps come between."""
    turns, log, inside = Turns(), [], []  # type: tuple[Turns, list[str], list[int]]
    threads = [
        threading.Thread(target=lambda n=name, s=steps: list(turns.steps(count(n, s, log, inside))))
        for name, steps in (("long", 40), ("short", 5), ("other", 5))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(log) == 50
    last_short = max(index for index, name in enumerate(log) if name == "short")
    assert log[last_short:].count("long") > 10


def test_turns_go_round_between_clients_whatever_each_of_them_sends() -> None:
    """Nine requests of one client get no more turns than the one request of another."""
    turns, log, inside = Turns(), [], []  # type: tuple[Turns, list[str], list[int]]

    def work(client: str) -> None:
        list(turns.steps(count(client, 20, log, inside), client=client))

    threads = [threading.Thread(target=work, args=(client,)) for client in ["greedy"] * 9 + ["modest"]]
    with turns.take():  # all of them wait
        for thread in threads:
            thread.start()
        while turns.waiting < len(threads):
            time.sleep(0.001)
    for thread in threads:
        thread.join()
    last_modest = max(index for index, name in enumerate(log) if name == "modest")
    assert last_modest <= 2 * 20 + 2
    assert log.count("greedy") == 180


def test_a_client_that_was_never_served_is_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wholedoc.runtime.turns.REMEMBERED", 3)
    turns = Turns()
    for client in "abcde":
        with turns.take(client=client):
            pass
    order: list[str] = []

    def once(client: str) -> None:
        with turns.take(client=client):
            order.append(client)

    threads = [threading.Thread(target=once, args=(client,)) for client in "edcb"]
    with turns.take(client="e"):
        for waiting, thread in enumerate(threads, 1):
            thread.start()
            while turns.waiting < waiting:
                time.sleep(0.001)
    for thread in threads:
        thread.join()
    assert order == ["b", "c", "d", "e"]


def test_who_gives_up_while_waiting_leaves_the_queue() -> None:
    turns = Turns()
    with turns.take():
        with pytest.raises(Cancelled), turns.take(lambda: True):
            raise AssertionError("there was no turn to take")
        assert turns.waiting == 0
    with turns.take():
        pass


def test_a_closed_stream_frees_its_place_and_closes_its_work() -> None:
    turns = Turns()
    closed = []

    def work() -> Generator[int, None, None]:
        try:
            yield from range(10)
        finally:
            closed.append(True)

    stream = turns.steps(work())
    assert next(stream) == 0
    stream.close()
    assert closed == [True]
    with turns.take():
        pass


def test_an_error_inside_a_turn_frees_it() -> None:
    turns = Turns()
    with pytest.raises(ZeroDivisionError), turns.take():
        raise ZeroDivisionError
    with turns.take():
        pass
