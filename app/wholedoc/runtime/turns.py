"""Fair turns of many callers at one model.

A turn lasts for one step of a generator (a batch of chunks, a token), not for a whole answer. So a long reading
does not keep a short question waiting, and a caller that is cancelled leaves the queue at once. Turns go round
between clients, and the callers of one client are served in order: a client with ten requests gets no more than
one with one.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from parallelcomp import Cancelled

Cancel = Callable[[], bool]
Y = TypeVar("Y")
R = TypeVar("R")

# How often a waiting caller checks whether it was cancelled, in seconds.
POLL_S = 0.05
# How many clients' last turns are remembered. Far fewer ever wait at the same time.
REMEMBERED = 1024


@dataclass(frozen=True, eq=False)
class _Ticket:
    client: str


class Turns:
    """Gives the model to one caller at a time."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: deque[_Ticket] = deque()
        self._busy = False
        self._served: dict[str, None] = {}  # clients in the order of their last turns, oldest first

    @property
    def waiting(self) -> int:
        """Callers in the queue, without the one whose turn it is."""
        return len(self._waiting)

    @contextmanager
    def take(self, cancelled: Cancel | None = None, client: str = "") -> Iterator[None]:
        """Waits for a turn and holds it. Raises Cancelled if `cancelled` returns True while waiting."""
        ticket = _Ticket(client)
        with self._changed:
            self._waiting.append(ticket)
            try:
                while self._busy or self._next() is not ticket:
                    if cancelled is not None and cancelled():
                        raise Cancelled("stopped while waiting for the model")
                    self._changed.wait(POLL_S)
                self._busy = True
                self._remember(client)
            finally:
                self._waiting.remove(ticket)
                self._changed.notify_all()
        try:
            yield
        finally:
            with self._changed:
                self._busy = False
                self._changed.notify_all()

    def _next(self) -> _Ticket:
        """Returns the first caller of the waiting client that was served longest ago, or never."""
        ranks = {client: rank for rank, client in enumerate(self._served)}
        return min(self._waiting, key=lambda ticket: ranks.get(ticket.client, -1))

    def _remember(self, client: str) -> None:
        self._served.pop(client, None)
        self._served[client] = None
        if len(self._served) > REMEMBERED:
            del self._served[next(iter(self._served))]

    def steps(
        self, work: Generator[Y, None, R], cancelled: Cancel | None = None, client: str = ""
    ) -> Generator[Y, None, R]:
        """Runs a generator and takes a turn for every step. Closing this generator closes that one."""
        try:
            while True:
                with self.take(cancelled, client):
                    try:
                        event = next(work)
                    except StopIteration as stop:
                        result: R = stop.value
                        return result
                yield event
        finally:
            work.close()
