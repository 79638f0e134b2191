"""What a replica does with requests, without Serve around it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Generator
from typing import Any

import pytest

pytest.importorskip("ray")

from wholedoc import Library, Token
from wholedoc.cluster.messages import Began, Failed
from wholedoc.cluster.replica import EngineReplica

PLACES = 2


@pytest.fixture
def replica(library: Library) -> EngineReplica:
    made = EngineReplica.__new__(EngineReplica)  # its constructor asks Serve for its name
    made.library, made._name, made._places = library, "a", asyncio.Semaphore(PLACES)
    return made


async def taken(replica: EngineReplica, make: Any) -> list[Any]:
    return [message async for message in replica._worked(make, ())]


def test_a_replica_works_on_no_more_requests_than_have_places(replica: EngineReplica) -> None:
    lock, at_work, most = threading.Lock(), 0, 0

    def work(_cancelled: Any) -> Generator[Any, None, None]:
        nonlocal at_work, most
        with lock:
            at_work += 1
            most = max(most, at_work)
        for _ in range(20):
            yield Token("x")
        with lock:
            at_work -= 1

    async def ask() -> list[list[Any]]:
        return await asyncio.gather(*(taken(replica, work) for _ in range(5 * PLACES)))

    answers = asyncio.run(ask())
    assert all(answer == [Began("a", True), *[Token("x")] * 20] for answer in answers)
    assert most <= PLACES


def test_a_place_is_free_again_after_an_error_and_when_a_client_leaves(replica: EngineReplica) -> None:
    def fail(_cancelled: Any) -> Generator[Any, None, None]:
        yield Token("x")
        raise ValueError("?")

    def work(_cancelled: Any) -> Generator[Any, None, None]:
        yield Token("x")
        yield Token("y")

    async def ask() -> None:
        for _ in range(PLACES):
            assert isinstance((await taken(replica, fail))[-1], Failed)
            left = replica._worked(work, ())
            assert [await anext(left), await anext(left)] == [Began("a", True), Token("x")]
            await left.aclose()  # type: ignore[attr-defined]
        assert (await taken(replica, work))[-1] == Token("y")

    asyncio.run(ask())
