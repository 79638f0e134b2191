"""The browser app beside the HTTP server: `wholedoc serve` finds `pages` as an entry point."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from starlette.applications import Starlette

from wholedoc import Library
from wholedoc.server import serving

from ..app_state import AppState
from .server import Address, create_app

USER = "wholedoc"


def pages(
    library: Library, address: serving.Address, *, key: str | None, upload_bytes: int, origins: Sequence[str] = ()
) -> Starlette:
    """Return the browser app for a library that is open already.

    With a `key`, people sign in as USER with the key as their password. `upload_bytes` is the size of the largest
    file that can be dropped. Web pages of `origins` may use it.
    """
    app_state = AppState(library.settings, library=library)
    auth = (USER, key) if key else None
    app = create_app(app_state, Address(address.host, address.port, auth), upload_bytes, origins)
    inner = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(running: Starlette) -> AsyncIterator[None]:
        async with inner(running):
            app_state.start()
            try:
                yield
            finally:
                app_state.close()

    app.router.lifespan_context = lifespan
    return app
