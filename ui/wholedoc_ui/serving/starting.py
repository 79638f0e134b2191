"""The browser app while it starts: its port answers before all that it needs is imported."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from contextlib import AsyncExitStack
from importlib.resources import files

from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from .access import HEADERS

# Shown until the app is there. It loads itself again, and holds nothing that would have to be filled in.
PAGE = files("wholedoc_ui") / "assets" / "starting.html"


class StartingApp:
    """Answers 503 and a page that says so until `make`, in a thread, has returned the application. Then it is that.

    `ready` is called once it is there. If it cannot be made the server is interrupted, and `error` says why.
    """

    def __init__(self, make: Callable[[], Starlette], ready: Callable[[], None]) -> None:
        self._make, self._ready = make, ready
        self._app: ASGIApp | None = None
        self.error: BaseException | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif self._app is not None:
            await self._app(scope, receive, send)
        else:
            await HTMLResponse(PAGE.read_text(encoding="utf-8"), 503, {**HEADERS, "Retry-After": "1"})(
                scope, receive, send
            )

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        async with AsyncExitStack() as stack:
            starting = asyncio.create_task(self._start(stack))
            await send({"type": "lifespan.startup.complete"})
            await receive()  # which is the end
            await asyncio.gather(starting, return_exceptions=True)
        await send({"type": "lifespan.shutdown.complete"})

    async def _start(self, stack: AsyncExitStack) -> None:
        try:
            app = await asyncio.to_thread(self._make)
            await stack.enter_async_context(app.router.lifespan_context(app))
            self._app = app
            self._ready()
        except Exception as error:
            self.error = error
            signal.raise_signal(signal.SIGINT)
