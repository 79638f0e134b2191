"""Many callers, one model: fair turns, first come first served, that nobody holds for long.

A turn lasts for one step of a generator (a batch of chunks, a token), not for a whole answer: a long reading does
not keep a short question waiting, and a caller that goes away leaves the queue at once.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import TypeVar

from parallelcomp import Cancelled

Cancel = Callable[[], bool]
Y = TypeVar("Y")
R = TypeVar("R")

# How often a waiting caller looks whether it was cancelled, in seconds.
POLL = 0.05


class Turns:
    """Gives the model to one caller at a time, in the order in which they asked."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: deque[object] = deque()
        self._busy = False

    @property
    def waiting(self) -> int:
        """Callers in the queue now, the one being served not counted."""
        return len(self._waiting)

    @contextmanager
    def take(self, cancelled: Cancel | None = None) -> Iterator[None]:
        """Wait for a turn and hold it. Raises Cancelled if the caller gives up while waiting."""
        ticket = object()
        with self._changed:
            self._waiting.append(ticket)
            try:
                while self._busy or self._waiting[0] is not ticket:
                    if cancelled is not None and cancelled():
                        raise Cancelled("stopped while waiting for the model")
                    self._changed.wait(POLL)
                self._busy = True
            finally:
                self._waiting.remove(ticket)
                self._changed.notify_all()
        try:
            yield
        finally:
            with self._changed:
                self._busy = False
                self._changed.notify_all()

    def steps(self, work: Generator[Y, None, R], cancelled: Cancel | None = None) -> Generator[Y, None, R]:
        """Run a generator with a turn for every step; closing this closes it."""
        try:
            while True:
                with self.take(cancelled):
                    try:
                        event = next(work)
                    except StopIteration as stop:
                        result: R = stop.value
                        return result
                yield event
        finally:
            work.close()
