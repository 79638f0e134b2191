"""How many tokens each user's requests have taken today: a file for each user, which all processes count in.

A request sets aside the most that it can take before its work begins, and gives back afterwards what it did not
need. What a killed process had set aside counts until the day is over. A day is one of UTC.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from filelock import FileLock

from ...errors import TokenQuotaError
from ..files.atomic import write_atomically

DAY_S = 86_400


@dataclass(frozen=True)
class Charge:
    """The most that a request can take: the tokens of its `documents` by their ids, and `others`.

    Its `id` is the same however often the request is tried, so that it counts once.
    """

    id: str
    documents: Mapping[str, int]
    others: int = 0


@dataclass
class _Open:
    """A request at work: what is set aside for it, and the documents that count since it asked them."""

    tokens: int
    documents: list[str]


@dataclass
class _Day:
    """What a user took on one day. A document counts once, however often it is asked."""

    day: int
    taken: int = 0
    documents: dict[str, int] = field(default_factory=dict)
    open: dict[str, _Open] = field(default_factory=dict)

    @property
    def used(self) -> int:
        return self.taken + sum(self.documents.values()) + sum(one.tokens for one in self.open.values())


class DailyTokens:
    """A folder with a file for each user. `clock` returns the seconds since 1970."""

    def __init__(self, folder: Path, clock: Callable[[], float] = time.time) -> None:
        self.folder = folder
        self._clock = clock

    @property
    def free_at(self) -> float:
        """When the next day begins, in seconds since 1970."""
        return float((self._today + 1) * DAY_S)

    def used(self, user: str) -> int:
        """Return how many tokens a user's requests have taken today, those that are at work too."""
        return self._read(user).used

    def check(self, user: str, most: int | None) -> None:
        """Raise TokenQuotaError if nothing is left of the user's `most` tokens for today."""
        used = 0 if most is None else self.used(user)
        if most is not None and used >= most:
            raise self._error(1, used, most)

    def take(self, user: str, charge: Charge, most: int | None) -> None:
        """Set aside what a request can take. One that was set aside already, as it is tried again, is left alone.

        Raises TokenQuotaError, and counts nothing, if that is more than is left of `most` tokens; and OSError.
        """
        with self._changing(user) as today:
            if charge.id in today.open:
                return
            new = {id: tokens for id, tokens in charge.documents.items() if id not in today.documents}
            needed = sum(new.values()) + charge.others
            if most is not None and today.used + needed > most:
                raise self._error(needed, today.used, most)
            today.documents |= new
            today.open[charge.id] = _Open(charge.others, list(new))

    def settle(self, user: str, charge: Charge, others: int) -> None:
        """Count so many `others` in place of those that were set aside. Raises OSError."""
        with self._changing(user) as today:
            if today.open.pop(charge.id, None) is not None:  # else a new day has begun since
                today.taken += others

    def give_back(self, user: str, charge: Charge) -> None:
        """Count nothing of a failed request, nor the documents that it was the first to ask. Raises OSError."""
        with self._changing(user) as today:
            gone = today.open.pop(charge.id, None)
            for id in gone.documents if gone is not None else ():
                today.documents.pop(id, None)

    @property
    def _today(self) -> int:
        return int(self._clock() // DAY_S)

    def _error(self, needed: int, used: int, most: int) -> TokenQuotaError:
        return TokenQuotaError(needed, max(most - used, 0), most, self.free_at, self.free_at - self._clock())

    @contextmanager
    def _changing(self, user: str) -> Iterator[_Day]:
        """Give what a user took today, and write it after the block unless an error ends that."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with FileLock(self.folder / f"{user}.lock"):
            today = self._read(user)
            yield today
            write_atomically(self._path(user), json.dumps(asdict(today)).encode())

    def _read(self, user: str) -> _Day:
        """Return what a user took today: nothing if the file is another day's, not there, or damaged."""
        try:
            content = json.loads(self._path(user).read_text(encoding="utf-8"))
            found = _Day(**{**content, "open": {id: _Open(**one) for id, one in content["open"].items()}})
        except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError):
            return _Day(self._today)
        return found if found.day == self._today else _Day(self._today)

    def _path(self, user: str) -> Path:
        return self.folder / f"{user}.json"
