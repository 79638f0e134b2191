"""A generator that runs in a thread of its own, for a coroutine that waits for its items."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Generator
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from starlette.types import Receive

T = TypeVar("T")
Cancel = Callable[[], bool]


class GoneError(Exception):
    """The client has gone away: nobody waits for an answer."""


@dataclass(frozen=True)
class _Item(Generic[T]):
    value: T


class Work(AsyncIterator[T]):
    """The items of a generator that is made and run in a thread, in order; what it raises is raised here.

    `make` is given a `cancelled` to poll, which turns true on `stop`. `ended` is called in the event loop once the
    thread is done.
    """

    def __init__(self, make: Callable[[Cancel], Generator[T, None, None]], ended: Callable[[], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._arrived: asyncio.Queue[_Item[T] | BaseException | None] = asyncio.Queue()
        self._stopped = threading.Event()
        threading.Thread(target=self._run, args=(make, ended), name="wholedoc-request", daemon=True).start()

    def stop(self) -> None:
        """Nobody wants the rest."""
        self._stopped.set()

    def __aiter__(self) -> AsyncIterator[T]:
        return self

    async def __anext__(self) -> T:
        what = await self._arrived.get()
        if isinstance(what, _Item):
            return what.value
        raise StopAsyncIteration if what is None else what

    def _run(self, make: Callable[[Cancel], Generator[T, None, None]], ended: Callable[[], None]) -> None:
        try:
            with closing(make(self._stopped.is_set)) as items:
                for item in items:
                    self._tell(self._arrived.put_nowait, _Item(item))
                    if self._stopped.is_set():
                        break
            self._tell(self._arrived.put_nowait, None)
        except BaseException as error:  # whatever it is, nobody must wait for ever
            self._tell(self._arrived.put_nowait, error)
        finally:
            self._tell(ended)

    def _tell(self, call: Callable[..., None], *what: Any) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody listens
            self._loop.call_soon_threadsafe(call, *what)


async def unless_gone(receive: Receive, work: Coroutine[Any, Any, T]) -> T:
    """What `work` returns; it is cancelled when the client goes away, and GoneError raised.

    The request's body must have been read.
    """
    working, leaving = asyncio.ensure_future(work), asyncio.ensure_future(_disconnected(receive))
    try:
        await asyncio.wait((working, leaving), return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise GoneError
        return working.result()
    finally:
        for task in (working, leaving):
            task.cancel()
        await asyncio.wait((working, leaving))


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
