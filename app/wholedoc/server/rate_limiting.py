"""Who may come in: so many requests are at work, so many more wait, and no client keeps the others from it."""

from __future__ import annotations

import asyncio
import math
import time
from collections import Counter
from dataclasses import dataclass, field

from .protocol.errors import ApiError

# Bounds of what a client that is sent away is told to wait, in seconds.
RETRY_S = (1, 120)
# How much the last request counts for the mean time that requests take.
NEWEST = 0.2


@dataclass(frozen=True)
class Client:
    """Whose request it is: a machine, and perhaps one of its users."""

    address: str
    user: str = ""

    @property
    def name(self) -> str:
        return f"{self.address} {self.user}"


@dataclass(eq=False)
class Place:
    """A place at work, until `leave`. It was waited for `waited_s` seconds."""

    rate_limiter: RateLimiter
    client: Client
    waited_s: float
    entered: float = field(default_factory=time.monotonic)

    def leave(self) -> None:
        """Give the place to the next."""
        self.rate_limiter._leave(self)


@dataclass(eq=False)
class _Waiter:
    client: Client
    place: asyncio.Future[Place]
    since: float = field(default_factory=time.monotonic)


class RateLimiter:
    """Lets `at_once` requests work and `limit` more wait. Used by one event loop.

    The next to come in is of the address with the fewest at work, and there of the user with the fewest. The last
    place is kept for an address that has none. When too many wait, the last of whoever has most waiting is sent
    away.
    """

    def __init__(self, at_once: int, limit: int) -> None:
        self._at_once = at_once
        self._limit = limit
        self._waiting: list[_Waiter] = []
        self._inside: list[Place] = []
        self._mean_s = 1.0

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    @property
    def working(self) -> int:
        return len(self._inside)

    async def enter(self, client: Client) -> Place:
        """Wait for a place; whoever is cancelled meanwhile leaves. Raises ApiError 429 if too many wait."""
        waiter = _Waiter(client, asyncio.get_running_loop().create_future())
        self._waiting.append(waiter)
        self._admit()
        if len(self._waiting) > self._limit:
            self._send_away()
        try:
            return await waiter.place
        except asyncio.CancelledError:
            if waiter.place.cancelled():
                self._waiting.remove(waiter)
            elif waiter.place.exception() is None:
                waiter.place.result().leave()
            raise

    def _admit(self) -> None:
        while len(self._inside) < self._at_once and (waiter := self._next()) is not None:
            self._waiting.remove(waiter)
            place = Place(self, waiter.client, time.monotonic() - waiter.since)
            self._inside.append(place)
            waiter.place.set_result(place)

    def _next(self) -> _Waiter | None:
        addresses = Counter(place.client.address for place in self._inside)
        clients = Counter(place.client for place in self._inside)
        most = max(self._at_once - 1, 1)
        able = [one for one in self._waiting if not one.place.done() and addresses[one.client.address] < most]
        return min(able, key=lambda one: (addresses[one.client.address], clients[one.client]), default=None)

    def _send_away(self) -> None:
        addresses = Counter(one.client.address for one in self._waiting)
        clients = Counter(one.client for one in self._waiting)
        going = max(reversed(self._waiting), key=lambda one: (addresses[one.client.address], clients[one.client]))
        seconds = math.ceil(self._mean_s * len(self._waiting) / self._at_once)
        self._waiting.remove(going)
        going.place.set_exception(
            ApiError(
                429,
                f"{len(self._waiting):,} requests are waiting, and no more may: try again later",
                "queue_full",
                headers={"Retry-After": str(min(max(seconds, RETRY_S[0]), RETRY_S[1]))},
            )
        )

    def _leave(self, place: Place) -> None:
        if place in self._inside:
            self._inside.remove(place)
            self._mean_s += NEWEST * (time.monotonic() - place.entered - self._mean_s)
            self._admit()
