"""A generator that runs in a thread of its own while a coroutine awaits its items."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import AsyncIterator, Callable, Generator
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

T = TypeVar("T")
Cancel = Callable[[], bool]


@dataclass(frozen=True)
class _Item(Generic[T]):
    """An item of the generator, wrapped so that it cannot be mistaken for an error or for the end."""

    value: T


class ThreadedGenerator(AsyncIterator[T]):
    """Iterates asynchronously over a generator that is created and run in a thread. Its errors are raised here.

    `make` receives a function that returns True once `stop` was called; the generator should poll it. `on_end` is
    called in the event loop when the thread is done. A running event loop is required.
    """

    def __init__(
        self,
        make: Callable[[Cancel], Generator[T, None, None]],
        *,
        name: str,
        daemon: bool,
        on_end: Callable[[], None] | None = None,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._arrived: asyncio.Queue[_Item[T] | BaseException | None] = asyncio.Queue()
        self._stopped = threading.Event()
        # LlamaIndex keeps the current span in context variables, so the thread needs a copy of them.
        run = contextvars.copy_context().run
        threading.Thread(target=run, args=(self._run, make, on_end), name=name, daemon=daemon).start()

    def stop(self) -> None:
        """Ask the generator to stop; the remaining items are not wanted any more."""
        self._stopped.set()

    def __aiter__(self) -> AsyncIterator[T]:
        return self

    async def __anext__(self) -> T:
        arrived = await self._arrived.get()
        if isinstance(arrived, _Item):
            return arrived.value
        raise StopAsyncIteration if arrived is None else arrived

    def _run(self, make: Callable[[Cancel], Generator[T, None, None]], on_end: Callable[[], None] | None) -> None:
        try:
            with closing(make(self._stopped.is_set)) as items:
                for item in items:
                    self._call_in_loop(self._arrived.put_nowait, _Item(item))
                    if self._stopped.is_set():
                        break
            self._call_in_loop(self._arrived.put_nowait, None)
        except BaseException as error:  # whatever the error is, the consumer must not wait for ever
            self._call_in_loop(self._arrived.put_nowait, error)
        finally:
            if on_end is not None:
                self._call_in_loop(on_end)

    def _call_in_loop(self, function: Callable[..., None], *arguments: Any) -> None:
        with suppress(RuntimeError):  # the loop is closed, so nobody listens
            self._loop.call_soon_threadsafe(function, *arguments)
