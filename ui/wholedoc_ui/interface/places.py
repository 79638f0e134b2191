"""The places of handlers that use the model: which of all tabs' handlers are at work, and whose is next."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import aclosing
from functools import wraps
from typing import Any

import anyio
import gradio as gr
from anyio.to_thread import run_sync

from wholedoc.server.guarding.rate_limiting import RateLimiter
from wholedoc.server.protocol.errors import ApiError

from ..session import Session

# So many are at work, each in a thread. Within them the library gives each caller short turns, so that a question
# does not wait until a whole document is read.
AT_WORK = 16
# So many more may wait.
MOST_WAITING = 64

Work = Callable[..., Iterator[Any]]
Handler = Callable[..., AsyncIterator[Any]]
_END = object()


class Places:
    """Lets so many handlers of all tabs work at a time. No tab and no address has all places: others find one free.

    `session_of` returns the tab that a request comes from. Gradio's own queue would serve who came first, however
    many places one tab has.
    """

    def __init__(self, session_of: Callable[[gr.Request], Session]) -> None:
        self._session_of = session_of
        self._limiter = RateLimiter(AT_WORK, MOST_WAITING)

    def waited_for(self, work: Work, refused: Callable[..., Any] | None = None) -> Handler:
        """Return a handler that does the work of a generator in threads, as soon as its tab may have a place.

        If too much waits already, a person is told so, and `refused` returns the updates that undo what the browser
        has done in advance.
        """

        @wraps(work)
        async def handler(*given: Any) -> AsyncIterator[Any]:
            request = next(one for one in given if isinstance(one, gr.Request))
            try:
                place = await self._limiter.acquire(self._session_of(request).client)
            except ApiError:
                gr.Warning("Too much is waiting: try again when some of it is done.")
                yield gr.skip() if refused is None else refused(*given)
                return
            try:
                async with aclosing(_in_threads(work(*given))) as updates:
                    async for update in updates:
                        yield update
            finally:
                place.release()

        return handler


async def _in_threads(work: Iterator[Any]) -> AsyncGenerator[Any, None]:
    """Take each step of a generator in a thread, and close it when nothing more of it is wanted."""
    try:
        while (update := await run_sync(next, work, _END)) is not _END:
            yield update
    finally:
        close = getattr(work, "close", None)
        if close is not None:
            with anyio.CancelScope(shield=True):
                await run_sync(close)
