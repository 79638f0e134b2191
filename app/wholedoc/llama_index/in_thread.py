"""Work that takes time beside an event loop: the loop goes on, errors arrive, and leaving stops the work."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")
Cancel = Callable[[], bool]


@dataclass(frozen=True)
class _Item(Generic[T]):
    value: T


async def in_thread(work: Callable[[Cancel], Iterator[T]]) -> AsyncGenerator[T, None]:
    """The items of an iterator that runs in a thread of its own; what it raises is raised here.

    `work` is given a `cancelled` to poll. It turns true when this generator is closed, or the task that waits for
    it is cancelled.
    """
    loop = asyncio.get_running_loop()
    arrived: asyncio.Queue[_Item[T] | BaseException | None] = asyncio.Queue()
    left = threading.Event()

    def tell(what: _Item[T] | BaseException | None) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody listens
            loop.call_soon_threadsafe(arrived.put_nowait, what)

    def run() -> None:
        try:
            for value in work(left.is_set):
                tell(_Item(value))
                if left.is_set():
                    break
            tell(None)
        except BaseException as error:  # whatever it is, the consumer must not wait for ever
            tell(error)

    # What LlamaIndex knows of the current span travels in context variables.
    thread = threading.Thread(target=contextvars.copy_context().run, args=(run,), name="wholedoc-answer")
    thread.start()
    try:
        while (what := await arrived.get()) is not None:
            if isinstance(what, BaseException):
                raise what
            yield what.value
    finally:
        left.set()


async def last(items: AsyncIterator[T]) -> T:
    """The last item, once all have arrived."""
    return [item async for item in items][-1]
