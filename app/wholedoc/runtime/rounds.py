"""Who was served when."""

from __future__ import annotations

from collections.abc import Hashable

# How many are remembered. Far fewer ever wait at the same time.
REMEMBERED = 1024


class Rounds:
    """The order in which those who take turns were served last."""

    def __init__(self) -> None:
        self._last: dict[Hashable, int] = {}
        self._count = 0

    def last(self, one: Hashable) -> int:
        """Returns a number that is the smaller, the longer ago one was served; 0 for one that is not remembered."""
        return self._last.get(one, 0)

    def served(self, one: Hashable) -> None:
        """Note that one was served now."""
        self._count += 1
        self._last.pop(one, None)
        self._last[one] = self._count
        if len(self._last) > REMEMBERED:
            del self._last[next(iter(self._last))]
