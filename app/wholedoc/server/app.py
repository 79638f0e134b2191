"""The web application: routes, what stands in front of them, and pages beside them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from parallelcomp.errors import ParallelCompError

from ..errors import WholedocError
from ..library import Library
from .metrics import CountRequests
from .middleware import LimitSize, RefuseForeignPages, RequireKey
from .protocol.errors import AnswerFaults, ErrorBody, on_error, on_invalid, on_refusal
from .protocol.schema import openapi_of
from .routes import about, chat, files
from .state import Options, State, state_of
from .work import GoneError

# Everything else belongs to the pages.
OURS = ("/v1", "/health", "/metrics", "/openapi.json")
DEFAULTS = Options()
# Nobody reads it: the client has gone. The number is nginx's.
GONE = 499
_ERRORS: dict[int | str, dict[str, Any]] = {
    400: {"model": ErrorBody, "description": "The request cannot be done as it is."},
    401: {"model": ErrorBody, "description": "The key is missing or wrong."},
    403: {"model": ErrorBody, "description": "A web page from elsewhere."},
    413: {"model": ErrorBody, "description": "The request is too large."},
}
_BUSY: dict[int | str, dict[str, Any]] = {
    404: {"model": ErrorBody, "description": "There is no such model or file."},
    429: {"model": ErrorBody, "description": "Too many requests wait; Retry-After says how long to."},
    500: {"model": ErrorBody, "description": "A fault of the server."},
    503: {"model": ErrorBody, "description": "The model could not be loaded."},
    507: {"model": ErrorBody, "description": "The library's disk is full, or cannot be written."},
}


def create_app(library: Library, options: Options = DEFAULTS, pages: Starlette | None = None) -> FastAPI:
    """OpenAI's routes around a library, whose model is loaded as soon as the application starts.

    `pages` answers all other paths.
    """
    state = State(library, options)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            state.model.load()
            if pages is not None:
                await stack.enter_async_context(pages.router.lifespan_context(pages))
            yield

    app = FastAPI(
        title="wholedoc",
        summary="Ask whole documents; the answers cite their pages.",
        version="1",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        responses=_ERRORS,
    )
    app.state.server = state
    app.include_router(chat.router, responses=_BUSY)
    app.include_router(files.router, responses={key: _BUSY[key] for key in (429, 500, 507)})
    app.include_router(about.router)
    app.openapi = openapi_of(app, has_key=options.key is not None)  # type: ignore[method-assign]
    for kind in (WholedocError, ParallelCompError, Exception):
        app.add_exception_handler(kind, on_error)
    app.add_exception_handler(HTTPException, on_refusal)
    app.add_exception_handler(RequestValidationError, on_invalid)
    app.add_exception_handler(GoneError, _on_gone)
    _stand_in_front(app, state, options)
    if pages is not None:
        app.add_middleware(Beside, pages=pages)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(options.hosts))
    return app


def _stand_in_front(app: FastAPI, state: State, options: Options) -> None:
    """Middleware, the innermost first."""
    app.add_middleware(AnswerFaults)
    app.add_middleware(LimitSize, limit=options.request_bytes)
    if options.key:
        app.add_middleware(RequireKey, key=options.key)
    app.add_middleware(RefuseForeignPages, allowed=options.origins)
    if options.origins:
        app.add_middleware(CORSMiddleware, allow_origins=options.origins, allow_methods=["*"], allow_headers=["*"])
    app.add_middleware(CountRequests, metrics=state.metrics)


class Beside:
    """Pages at all paths that are not ours."""

    def __init__(self, app: ASGIApp, pages: ASGIApp) -> None:
        self.app = app
        self.pages = pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        ours = scope["type"] == "lifespan" or any(path == one or path.startswith(f"{one}/") for one in OURS)
        await (self.app if ours else self.pages)(scope, receive, send)


async def _on_gone(request: Request, _error: Exception) -> Response:
    state_of(request).metrics.gone()
    return Response(status_code=GONE)
