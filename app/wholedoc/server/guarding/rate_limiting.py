"""Limits how many requests are at work and how many may wait, and shares the slots fairly between clients."""

from __future__ import annotations

import asyncio
import math
import time
from collections import Counter
from dataclasses import dataclass, field

from ...runtime.client import Client
from ...runtime.shares import Shares
from ..protocol.errors import ApiError

# The shortest and the longest Retry-After that a rejected client gets, in seconds.
RETRY_AFTER_S = (1, 120)
# The weight of the latest request in the moving average of how long requests take.
SMOOTHING = 0.2


@dataclass(eq=False)
class Slot:
    """The right of one request to be at work until `release`. The request waited `waited_s` seconds for it."""

    rate_limiter: RateLimiter
    client: Client
    waited_s: float
    acquired: float = field(default_factory=time.monotonic)

    def release(self) -> None:
        """Give the slot to the next request. Calling this again does nothing."""
        self.rate_limiter._release(self)


@dataclass(eq=False)
class _Waiter:
    client: Client
    slot: asyncio.Future[Slot]
    since: float = field(default_factory=time.monotonic)


class RateLimiter:
    """Lets `concurrency` requests work and `queue_limit` more wait. It must be used from one event loop only.

    `Shares` says whose request gets a free slot. When too many requests wait, the client with the most waiting
    requests loses its latest one.
    """

    def __init__(self, concurrency: int, queue_limit: int) -> None:
        self._concurrency = concurrency
        self._queue_limit = queue_limit
        self._queue: list[_Waiter] = []
        self._slots: list[Slot] = []
        self._shares = Shares(concurrency)
        self._mean_s = 1.0

    @property
    def waiting(self) -> int:
        """Requests in the queue."""
        return len(self._queue)

    @property
    def working(self) -> int:
        """Requests that hold a slot."""
        return len(self._slots)

    async def acquire(self, client: Client) -> Slot:
        """Wait for a slot. A caller that is cancelled leaves the queue. Raises ApiError 429 if too many wait."""
        waiter = _Waiter(client, asyncio.get_running_loop().create_future())
        self._queue.append(waiter)
        self._fill_slots()
        if len(self._queue) > self._queue_limit:
            self._reject_one()
        try:
            return await waiter.slot
        except asyncio.CancelledError:
            if waiter.slot.cancelled():
                self._queue.remove(waiter)
            elif waiter.slot.exception() is None:
                waiter.slot.result().release()
            raise

    def _fill_slots(self) -> None:
        while (waiter := self._next()) is not None:
            self._queue.remove(waiter)
            slot = Slot(self, waiter.client, time.monotonic() - waiter.since)
            self._slots.append(slot)
            self._shares.take(waiter.client)
            waiter.slot.set_result(slot)

    def _next(self) -> _Waiter | None:
        """Returns who gets the next slot, or None if nobody may have it."""
        waiting = [one for one in self._queue if not one.slot.done()]
        index = self._shares.next([one.client for one in waiting])
        return None if index is None else waiting[index]

    def _reject_one(self) -> None:
        addresses = Counter(one.client.address for one in self._queue)
        clients = Counter(one.client for one in self._queue)
        rejected = max(reversed(self._queue), key=lambda one: (addresses[one.client.address], clients[one.client]))
        seconds = math.ceil(self._mean_s * len(self._queue) / self._concurrency)
        self._queue.remove(rejected)
        rejected.slot.set_exception(
            ApiError(
                429,
                f"{len(self._queue):,} requests are waiting, and no more may: try again later",
                "queue_full",
                headers={"Retry-After": str(min(max(seconds, RETRY_AFTER_S[0]), RETRY_AFTER_S[1]))},
            )
        )

    def _release(self, slot: Slot) -> None:
        if slot in self._slots:
            self._slots.remove(slot)
            self._shares.give(slot.client)
            self._mean_s += SMOOTHING * (time.monotonic() - slot.acquired - self._mean_s)
            self._fill_slots()
