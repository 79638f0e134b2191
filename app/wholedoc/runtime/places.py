"""A few places for many threads, shared fairly between clients."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from parallelcomp import Cancelled

from .client import Client
from .shares import Shares

Cancel = Callable[[], bool]

# How often a waiting thread checks whether it was cancelled, in seconds.
POLL_S = 0.05


class Places:
    """Lets so many threads work at a time. No client takes all places alone: `Shares` says who is next."""

    def __init__(self, places: int) -> None:
        self._shares = Shares(places)
        self._changed = threading.Condition()
        self._waiting: list[_Waiter] = []

    @property
    def working(self) -> int:
        """Threads that have a place."""
        return len(self._shares)

    @property
    def waiting(self) -> int:
        """Threads in the queue."""
        return len(self._waiting)

    @contextmanager
    def take(self, client: Client, cancelled: Cancel | None = None) -> Iterator[None]:
        """Wait for a place and hold it. Raises Cancelled if `cancelled` returns True while waiting."""
        with self._changed:
            self._wait(client, cancelled)
        try:
            yield
        finally:
            with self._changed:
                self._shares.give(client)
                self._changed.notify_all()

    def _wait(self, client: Client, cancelled: Cancel | None) -> None:
        mine = _Waiter(client)
        self._waiting.append(mine)
        try:
            while self._next() is not mine:
                if cancelled is not None and cancelled():
                    raise Cancelled("stopped while waiting for a place")
                self._changed.wait(POLL_S)
            self._shares.take(client)
        finally:
            self._waiting.remove(mine)
            self._changed.notify_all()

    def _next(self) -> _Waiter | None:
        index = self._shares.next([one.client for one in self._waiting])
        return None if index is None else self._waiting[index]


class _Waiter:
    """One thread in the queue."""

    def __init__(self, client: Client) -> None:
        self.client = client
