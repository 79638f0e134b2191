"""Fair turns of many callers at one model.

The model goes round between clients, and what is read in the background waits for all of them, but not for ever:
where they never stop asking it takes a step now and then. A question keeps the model from its first step to its
last, for SLICE_S seconds at the longest: many questions that took turns at every token would all be answered last.
A reading gives the model back after every step (a batch of chunks), so that no question waits for a document. A
caller that is cancelled leaves the queue at once.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum, auto
from typing import TypeVar

from parallelcomp import Cancelled

from .client import NOBODY, Client
from .device_memory import freed_when_full
from .rounds import Rounds
from .tracing import past

Cancel = Callable[[], bool]
Y = TypeVar("Y")
R = TypeVar("R")

# How often a waiting caller checks whether it was cancelled, in seconds.
POLL_S = 0.05
# So long a question keeps the model while others wait for it, in seconds. Most questions are done before.
SLICE_S = 20.0
# So long the model waits for a question whose last step was taken and whose next one has not been asked for yet.
GRACE_S = 0.25
# What is read in the background waits for others at the most so many times as long as its last step took, and no
# longer than so many seconds: where they never stop, it has a ninth of the time or more.
BACKGROUND_WAITS, BACKGROUND_WAITS_S = 8, 5.0
# Waiting for a turn shows in a trace from so many nanoseconds on: most steps follow each other at once.
TOLD_NS = 10_000_000


class Errand(Enum):
    """What a caller wants the model for."""

    QUESTION = auto()
    READING = auto()
    BACKGROUND = auto()
    """A reading that nobody waits for: it takes a turn when nobody else wants one, or has waited for long."""

    @property
    def slice_s(self) -> float:
        return SLICE_S if self is Errand.QUESTION else 0.0


@dataclass(eq=False)
class _Caller:
    """`came`, `began` and `left` say when it began to wait, when its slice began and when its last step ended, by
    the clock of the turns. `waits` is how long it waits for others if it reads in the background, in seconds.
    """

    client: Client
    errand: Errand
    came: float = 0.0
    waits: float = BACKGROUND_WAITS_S
    began: float = 0.0
    left: float = 0.0

    @property
    def lines(self) -> tuple[Hashable, ...]:
        """The lines that it stands in, from the outermost to the innermost. Turns go round in each of them."""
        return self.client.address, self.client, (self.client, self.errand)


class Turns:
    """Gives the model to one caller at a time. `clock` returns seconds.

    Work that a device has too little memory for ends with DeviceMemoryError, and leaves nothing there.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._changed = threading.Condition()
        self._waiting: list[_Caller] = []
        self._at_work = False
        self._holder: _Caller | None = None  # whose slice it is, between its steps too
        self._rounds = (Rounds(), Rounds(), Rounds())

    @property
    def waiting(self) -> int:
        """Callers in the queue, without the one whose turn it is."""
        return len(self._waiting)

    @property
    def busy(self) -> bool:
        """Whether a step is being taken now."""
        return self._at_work

    @contextmanager
    def take(self, cancelled: Cancel | None = None, client: Client = NOBODY) -> Iterator[None]:
        """Waits for a turn and holds it. Raises Cancelled if `cancelled` returns True while waiting."""
        with self._step(_Caller(client, Errand.READING), cancelled):
            yield

    def steps(
        self,
        work: Generator[Y, None, R],
        cancelled: Cancel | None = None,
        client: Client = NOBODY,
        errand: Errand = Errand.QUESTION,
    ) -> Generator[Y, None, R]:
        """Runs a generator and takes a turn for every step. Closing this generator closes that one."""
        caller = _Caller(client, errand)
        try:
            while True:
                with self._step(caller, cancelled):
                    try:
                        event = next(work)
                    except StopIteration as stop:
                        result: R = stop.value
                        return result
                yield event
        finally:
            work.close()
            self._give_up(caller)

    @contextmanager
    def _step(self, caller: _Caller, cancelled: Cancel | None) -> Iterator[None]:
        began = time.time_ns()
        with self._changed:
            self._wait(caller, cancelled)
            self._at_work = True
            started = self._clock()
        try:
            if time.time_ns() - began >= TOLD_NS:
                past("wait for the model", began)
            with freed_when_full():
                yield
        finally:
            with self._changed:
                self._at_work = False
                caller.left = self._clock()
                caller.waits = min(BACKGROUND_WAITS * (caller.left - started), BACKGROUND_WAITS_S)
                if caller.left - caller.began >= caller.errand.slice_s:
                    self._give_up(caller)

    def _wait(self, caller: _Caller, cancelled: Cancel | None) -> None:
        if self._holder is caller and not self._at_work:
            return
        caller.came = self._clock()
        self._waiting.append(caller)
        try:
            while not (self._is_free() and self._next() is caller):
                if cancelled is not None and cancelled():
                    raise Cancelled("stopped while waiting for the model")
                self._changed.wait(POLL_S)
            self._holder = caller
            caller.began = self._clock()
            for rounds, line in zip(self._rounds, caller.lines, strict=True):
                rounds.served(line)
        finally:
            self._waiting.remove(caller)
            self._changed.notify_all()

    def _is_free(self) -> bool:
        """Whether nobody is at work, and whoever was will not go on: a question's reader may have left for long."""
        return not self._at_work and (self._holder is None or self._clock() - self._holder.left >= GRACE_S)

    def _next(self) -> _Caller:
        """Returns the first caller of the address that was served longest ago, there of the user, and so on.

        Those that nobody waits for come last, and first when they have waited for long.
        """
        return min(self._waiting, key=self._last_turns)

    def _last_turns(self, caller: _Caller) -> tuple[int, ...]:
        served = (rounds.last(line) for rounds, line in zip(self._rounds, caller.lines, strict=True))
        place = 0
        if caller.errand is Errand.BACKGROUND:
            place = 1 if self._clock() - caller.came < caller.waits else -1
        return place, *served

    def _give_up(self, caller: _Caller) -> None:
        """Lets the next one have the model, if it is this caller's."""
        with self._changed:
            if self._holder is caller:
                self._holder = None
                self._changed.notify_all()
