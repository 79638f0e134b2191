"""Many callers, one model: fair, interruptible turns."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from itertools import groupby, pairwise

import pytest

from parallelcomp import Cancelled
from wholedoc.runtime.client import Client
from wholedoc.runtime.turns import BACKGROUND_WAITS_S, GRACE_S, SLICE_S, Errand, Turns


def test_steps_come_through_and_so_does_what_is_returned() -> None:
    def caller() -> Generator[int, None, str]:
        return (yield from Turns().steps(named("a")))

    def named(name: str) -> Generator[int, None, str]:
        yield from range(3)
        return name

    work = caller()
    assert [next(work), next(work), next(work)] == [0, 1, 2]
    with pytest.raises(StopIteration) as stop:
        next(work)
    assert stop.value.value == "a"


STARTER = Client("starter")


def run_together(turns: Turns, jobs: Sequence[Callable[[], object]], starter: Client = STARTER) -> None:
    """Run jobs in threads, which queue up in the order in which they stand before the first is served."""
    threads = [threading.Thread(target=job) for job in jobs]
    with turns.take(client=starter):
        for number, thread in enumerate(threads, 1):
            thread.start()
            while turns.waiting < number:
                time.sleep(0.001)
    for thread in threads:
        thread.join()


class Clock:
    """A clock that stands still until it is told to go on."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Office:
    """Turns by a clock that stands still, and a log of whose steps were taken. No two are ever at work together."""

    clock: Clock = field(default_factory=Clock)
    log: list[str] = field(default_factory=list)
    turns: Turns = field(init=False)

    def __post_init__(self) -> None:
        self.turns = Turns(self.clock)

    def job(
        self, name: str, client: Client, steps: int = 3, errand: Errand = Errand.QUESTION, step_s: float = 0.0
    ) -> Callable[[], object]:
        return lambda: list(self.turns.steps(self._work(name, steps, step_s), client=client, errand=errand))

    def _work(self, name: str, steps: int, step_s: float) -> Generator[int, None, None]:
        for step in range(steps):
            self.log.append(f"{name} begins")
            self.clock.now += step_s
            time.sleep(0.0005)
            assert self.log[-1] == f"{name} begins"
            self.log[-1] = name
            yield step

    @property
    def order(self) -> list[str]:
        """Those who were served, each once for as long as nobody came between."""
        return [name for name, _ in groupby(self.log)]


@pytest.fixture
def office() -> Office:
    return Office()


A, B, C, D = (Client(name) for name in "abcd")


def test_a_strangers_first_question_waits_for_one_of_each_other_client_at_most(office: Office) -> None:
    """Twenty of one client wait, five of two others, and then somebody comes."""
    many = {"a": 20, "c": 5, "d": 5}
    jobs = [office.job(f"{name}{n}", Client(name)) for name, count in many.items() for n in range(count)]
    run_together(office.turns, [*jobs, office.job("b0", B)])
    before = office.order[: office.order.index("b0")]
    assert len({name[0] for name in before}) == len(before)
    assert len(office.order) == 31, "each was answered without a break"
    assert [name for name in office.order if name[0] == "a"] == [f"a{n}" for n in range(20)]
    assert [name[0] for name in office.order if name != "b0"][:15] == list("acd" * 5)


def test_who_comes_while_others_are_served_is_next(office: Office) -> None:
    """The one at work goes on to its end. Whoever was never served is next, however many wait."""
    begun, came = threading.Event(), threading.Event()

    def first() -> Generator[None, None, None]:
        office.log.append("a0")
        yield
        begun.set()
        assert came.wait(20)
        office.log.append("a0")
        yield

    jobs = [lambda: list(office.turns.steps(first(), client=A)), *(office.job(f"a{n}", A) for n in range(1, 9))]
    others = [office.job("c0", C), office.job("c1", C)]

    def stranger() -> None:
        assert begun.wait(20)
        waiting = office.turns.waiting
        thread = threading.Thread(target=office.job("b0", B))
        thread.start()
        while office.turns.waiting == waiting:
            time.sleep(0.001)
        came.set()
        thread.join()

    coming = threading.Thread(target=stranger)
    coming.start()
    run_together(office.turns, [*jobs, *others])
    coming.join()
    assert office.order[0] == "a0"
    assert office.order.index("b0") <= 2


def test_users_of_an_address_share_its_turns(office: Office) -> None:
    """Naming many users gets an address no more."""
    jobs = [office.job(f"a{n}", Client("a", f"user {n}")) for n in range(6)]
    run_together(office.turns, [*jobs, office.job("b0", B), office.job("b1", B), office.job("b2", B)])
    assert [name[0] for name in office.order] == list("abababaaa")


def test_a_question_keeps_the_model_for_a_slice_only(office: Office) -> None:
    """A long question does not hold a short one up for longer."""
    jobs = [office.job("long", A, 9, step_s=SLICE_S / 2), office.job("short", B, 2, step_s=1)]
    run_together(office.turns, jobs)
    assert office.log == ["long", "long", "short", "short", *["long"] * 7]


def test_a_reading_gives_the_model_back_after_every_step(office: Office) -> None:
    """Whoever reads has one step between questions, and no question waits for more."""
    jobs = [
        office.job("reading", A, 6, Errand.READING),
        office.job("q0", B, 4),
        office.job("q1", B, 4),
        office.job("own", A, 4),
    ]
    run_together(office.turns, jobs)
    assert office.order == ["reading", "q0", "own", "q1", "reading"]
    assert office.log.index("q0") == 1
    assert office.log[5:9] == ["own"] * 4


def test_readings_of_one_client_go_on_together(office: Office) -> None:
    """A short document does not wait for a long one that was dropped before it."""
    run_together(
        office.turns, [office.job("long", A, 9, Errand.READING), office.job("short", A, 2, Errand.READING)]
    )
    assert office.log[:4] == ["long", "short"] * 2


def test_a_question_whose_reader_stays_away_is_not_waited_for(office: Office) -> None:
    left = office.turns.steps(iter_steps(3), client=A)
    assert next(left) == 0
    with pytest.raises(Cancelled), office.turns.take(lambda: True, B):
        raise AssertionError("its next step may come at any moment")
    office.clock.now += GRACE_S
    with office.turns.take(lambda: True, B):
        pass
    assert list(left) == [1, 2]


def iter_steps(count: int) -> Generator[int, None, None]:
    yield from range(count)


def test_a_client_that_was_never_served_is_next(monkeypatch: pytest.MonkeyPatch, office: Office) -> None:
    monkeypatch.setattr("wholedoc.runtime.rounds.REMEMBERED", 3)
    for name in "abcde":
        with office.turns.take(client=Client(name)):
            pass
    run_together(office.turns, [office.job(name, Client(name)) for name in "edcb"], Client("e"))
    assert office.order == ["b", "c", "d", "e"]


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


def test_what_is_read_in_the_background_waits_until_nobody_else_wants_a_turn(office: Office) -> None:
    """Though its client was never served before, and the others were."""
    jobs = [
        office.job("background", D, errand=Errand.BACKGROUND),
        *(office.job(name, client, errand=Errand.READING) for name, client in (("b", B), ("c", C))),
        office.job("a", A),
    ]
    run_together(office.turns, jobs, starter=A)
    assert office.order[-1] == "background"
    assert office.order.count("background") == 1


def test_what_is_read_in_the_background_is_read_though_others_never_stop(office: Office) -> None:
    """It never was while clients asked a cluster without a break."""
    step_s = BACKGROUND_WAITS_S / 2
    asking = [office.job(f"q{n}", Client(f"client {n}"), 1, step_s=step_s) for n in range(20)]
    reading = office.job("background", D, errand=Errand.BACKGROUND, step_s=step_s)
    run_together(office.turns, [reading, *asking], starter=A)
    steps = [place for place, name in enumerate(office.order) if name == "background"]
    assert len(steps) == 3, "each of its steps waits anew"
    waited = [later - earlier - 1 for earlier, later in pairwise([-1, *steps])]
    assert all(2 <= questions <= 4 for questions in waited)
