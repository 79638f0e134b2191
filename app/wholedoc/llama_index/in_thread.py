"""Runs blocking work beside an event loop. The loop stays free, errors arrive, and leaving stops the work."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator
from typing import TypeVar

from ..runtime.threaded_generator import Cancel, ThreadedGenerator

T = TypeVar("T")


async def in_thread(work: Callable[[Cancel], Generator[T, None, None]]) -> AsyncGenerator[T, None]:
    """Yields the items of a generator that runs in a thread of its own. Its errors are raised here.

    `work` receives a function that returns True once this generator is closed, or once the task that waits for it
    is cancelled.
    """
    items = ThreadedGenerator(work, name="wholedoc-answer", daemon=False)
    try:
        async for item in items:
            yield item
    finally:
        items.stop()


async def last(items: AsyncIterator[T]) -> T:
    """Waits for all items and returns the last one."""
    return [item async for item in items][-1]
