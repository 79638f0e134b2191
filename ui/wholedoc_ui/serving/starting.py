"""The browser app while it starts: its port answers before all that it needs is imported."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from contextlib import AsyncExitStack

from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from .access import HEADERS

# Shown until the app is there. It loads itself again, and holds nothing.
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><meta http-equiv="refresh" content="1">
<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">
<title>wholedoc</title>
<style>body{font:16px system-ui,sans-serif;display:grid;place-items:center;height:90vh;margin:0}</style></head>
<body><p role="status">wholedoc is starting…</p></body></html>"""


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
            await HTMLResponse(PAGE, 503, {**HEADERS, "Retry-After": "1"})(scope, receive, send)

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
