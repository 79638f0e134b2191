"""The rate limiter: slots, fairness between clients, and what happens when too many requests wait."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any

import pytest

pytest.importorskip("fastapi")

from wholedoc.runtime.client import Client
from wholedoc.server.guarding.rate_limiting import RateLimiter, Slot
from wholedoc.server.protocol.errors import ApiError

A, B, C = (Client(f"10.0.0.{n}") for n in range(3))


def in_a_loop(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    @wraps(test)
    def run(*given: Any, **named: Any) -> None:
        asyncio.run(test(*given, **named))

    return run


async def waiting(rate_limiter: RateLimiter, client: Client) -> asyncio.Task[Slot]:
    """Returns the task of a client that wants a slot."""
    task = asyncio.create_task(rate_limiter.acquire(client))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return task


def inside(tasks: list[asyncio.Task[Slot]]) -> list[int]:
    return [
        index for index, task in enumerate(tasks) if task.done() and not task.cancelled() and not task.exception()
    ]


def refused(task: asyncio.Task[Slot]) -> ApiError:
    error = task.exception()
    assert isinstance(error, ApiError)
    return error


@in_a_loop
async def test_so_many_work_and_the_others_wait_for_them() -> None:
    rate_limiter = RateLimiter(3, 10)
    tasks = [await waiting(rate_limiter, client) for client in (A, B, C, A, B)]
    assert inside(tasks) == [0, 1, 2]
    assert (rate_limiter.working, rate_limiter.waiting) == (3, 2)
    await asyncio.sleep(0.05)
    tasks[0].result().release()
    tasks[0].result().release()  # once is enough
    await asyncio.sleep(0)
    assert inside(tasks) == [0, 1, 2, 3]
    assert tasks[3].result().waited_s >= 0.05 > tasks[0].result().waited_s
    assert (rate_limiter.working, rate_limiter.waiting) == (3, 1)
    for index in (1, 2, 3):
        tasks[index].result().release()
    await tasks[4]
    tasks[4].result().release()
    assert (rate_limiter.working, rate_limiter.waiting) == (0, 0)


@in_a_loop
async def test_the_last_slot_is_kept_for_another_address() -> None:
    rate_limiter = RateLimiter(4, 10)
    tasks = [await waiting(rate_limiter, Client(A.address, f"user {n}")) for n in range(6)]
    assert inside(tasks) == [0, 1, 2]
    tasks.append(await waiting(rate_limiter, B))
    assert inside(tasks) == [0, 1, 2, 6]
    only = RateLimiter(1, 10)
    assert inside([await waiting(only, A)]) == [0]


@in_a_loop
async def test_the_next_is_of_who_has_the_fewest_at_work() -> None:
    rate_limiter = RateLimiter(3, 10)
    many = [await waiting(rate_limiter, A) for _ in range(5)]
    one = await waiting(rate_limiter, B)
    late = await waiting(rate_limiter, C)
    assert (inside(many), inside([one, late])) == ([0, 1], [0])
    many[0].result().release()
    await asyncio.sleep(0)
    assert inside([late]) == [0]
    assert inside(many) == [0, 1]


@in_a_loop
async def test_one_client_gets_half_of_the_slots() -> None:
    """So a stranger need not wait for a slot, or two others are at work whose questions take turns at the model."""
    rate_limiter = RateLimiter(8, 30)
    greedy = [await waiting(rate_limiter, A) for _ in range(20)]
    assert inside(greedy) == [0, 1, 2, 3]
    assert inside([await waiting(rate_limiter, Client(A.address, "another"))]) == [0]


@in_a_loop
async def test_of_those_with_equally_many_at_work_the_one_that_waited_longest_is_next() -> None:
    """A client's second request came before a stranger's first, and has its slot after it."""
    rate_limiter = RateLimiter(2, 10)
    users = [Client("10.0.0.9", name) for name in ("one", "one", "two")]
    tasks = [await waiting(rate_limiter, user) for user in users]
    assert inside(tasks) == [0]
    tasks[0].result().release()
    await asyncio.sleep(0)
    assert inside(tasks) == [0, 2]


@in_a_loop
async def test_users_of_one_address_take_turns_too() -> None:
    rate_limiter = RateLimiter(3, 10)
    one, two = Client("10.0.0.9", "one"), Client("10.0.0.9", "two")
    tasks = [await waiting(rate_limiter, user) for user in (one, one, one, two)]
    tasks.append(await waiting(rate_limiter, B))
    assert inside(tasks) == [0, 1, 4]
    tasks[0].result().release()
    await asyncio.sleep(0)
    assert inside(tasks) == [0, 1, 3, 4]


@in_a_loop
async def test_when_too_many_wait_the_greediest_is_sent_away() -> None:
    rate_limiter = RateLimiter(1, 3)
    working = await waiting(rate_limiter, C)
    greedy = [await waiting(rate_limiter, A) for _ in range(3)]
    assert not any(task.done() for task in greedy)
    more = await waiting(rate_limiter, A)
    assert refused(more).status_code == 429
    assert int((refused(more).headers or {})["Retry-After"]) >= 1
    modest = await waiting(rate_limiter, B)
    assert refused(greedy[2]).code == "queue_full"
    assert not modest.done()
    working.result().release()
    await asyncio.sleep(0)
    assert inside([*greedy[:2], modest]) == [0]


@in_a_loop
async def test_who_gives_up_leaves_the_queue_or_the_slot() -> None:
    rate_limiter = RateLimiter(1, 10)
    working = await waiting(rate_limiter, A)
    tasks = [await waiting(rate_limiter, client) for client in (B, B, C)]
    tasks[0].cancel()
    working.result().release()  # tasks[0] is cancelled, and does not know yet
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert inside(tasks) == [1]
    tasks[1].result().release()  # tasks[2] is let in ...
    tasks[2].cancel()  # ... and cancelled before it knows
    with pytest.raises(asyncio.CancelledError):
        await tasks[2]
    assert (rate_limiter.working, rate_limiter.waiting) == (0, 0)
