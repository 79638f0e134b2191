"""Reading steps aside for the moments in which a person waits for the page, which needs the same processor.

Both cores of a laptop are full while a document is read. A page of the viewer then takes three times as long, and
what is typed appears late. Such a moment is short, and reading takes minutes.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

# A reading waits so long at the most before it takes its next step (a layer of the model), in seconds.
LONGEST_S = 1.0
# How often a reading that waits looks whether it should read on, in seconds.
LOOKED_FOR_S = 0.02


class Courtesy:
    """Whether the page comes first now. It does not while `reads_on` says so."""

    def __init__(self, reads_on: Callable[[], bool] = lambda: False) -> None:
        self._reads_on = reads_on
        self._changed = threading.Condition()
        self._first = 0
        self._until = 0.0

    @contextmanager
    def first(self, linger_s: float) -> Iterator[None]:
        """Let the page come first during the block, and for `linger_s` seconds after it, when more follows."""
        with self._changed:
            self._first += 1
        try:
            yield
        finally:
            with self._changed:
                self._first -= 1
                self._until = max(self._until, time.monotonic() + linger_s)
                self._changed.notify_all()

    def step_aside(self) -> None:
        """Wait while the page comes first. Whoever reads calls it before each step."""
        end = time.monotonic() + LONGEST_S
        with self._changed:
            while (now := time.monotonic()) < end and (self._first or now < self._until) and not self._reads_on():
                self._changed.wait(LOOKED_FOR_S)

    def aside(self, cancelled: Callable[[], bool] = lambda: False) -> Callable[[], bool]:
        """Return `cancelled` for a reading, which is asked before every step, so that it steps aside there."""

        def asked() -> bool:
            self.step_aside()
            return cancelled()

        return asked
