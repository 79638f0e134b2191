"""The web application: its routes, the middleware in front of them, and the pages beside them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response

from parallelcomp.errors import ParallelCompError

from ..errors import WholedocError
from .answering import AnsweringHere
from .error_handlers import on_error, on_http_exception, on_invalid_request
from .guarding.disconnect import DisconnectedError
from .guarding.guard import add_guard
from .middleware import (
    ApiKeyMiddleware,
    BodyMemoryMiddleware,
    OtherPagesMiddleware,
    RequestSizeMiddleware,
    UnexpectedErrorMiddleware,
    named_in_front,
    own_key,
    shared_key,
)
from .observing.audited import RequestIdMiddleware
from .observing.metrics import RequestMetricsMiddleware
from .observing.request_spans import NO_OTHER_SPANS, RequestSpanMiddleware
from .openapi import openapi_of
from .protocol.errors import ErrorBody
from .routes import about, chat, files, readings, usage, web_pages
from .state import Options, State, state_of

if TYPE_CHECKING:
    from ..library import Library

DEFAULTS = Options()
# The status for a client that has disconnected. Nobody reads it; nginx logs the same number.
CLIENT_CLOSED_REQUEST = 499
_ERRORS: dict[int | str, dict[str, Any]] = {
    400: {"model": ErrorBody, "description": "The request cannot be done as it is."},
    401: {"model": ErrorBody, "description": "The key is missing or wrong."},
    403: {"model": ErrorBody, "description": "A web page from elsewhere."},
    413: {"model": ErrorBody, "description": "The request is too large."},
}
_BUSY: dict[int | str, dict[str, Any]] = {
    404: {"model": ErrorBody, "description": "There is no such model or file."},
    429: {
        "model": ErrorBody,
        "description": "Too many requests wait, or the user has no tokens left; Retry-After says how long to.",
    },
    500: {"model": ErrorBody, "description": "A fault of the server."},
    503: {
        "model": ErrorBody,
        "description": "The model could not be loaded, or other large requests fill the memory.",
    },
    507: {"model": ErrorBody, "description": "The library's disk is full, or cannot be written."},
}


def create_app(library: Library, options: Options = DEFAULTS, pages: Starlette | None = None) -> FastAPI:
    """Creates the application that serves OpenAI's routes from a library, with the model of this process.

    The model starts loading when the application starts. `pages` answers all paths that are not the API's.
    """
    return create_app_for(State(library, AnsweringHere(library), options), options, pages)


def create_app_for(state: State, options: Options, pages: Starlette | None = None) -> FastAPI:
    """Creates the same application for files and answers from wherever `state` has them."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            state.answering.start()
            stack.callback(state.answering.stop)
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
        **NO_OTHER_SPANS,
    )
    app.state.server = state
    app.include_router(chat.router, responses=_BUSY)
    app.include_router(files.router, responses={key: _BUSY[key] for key in (429, 500, 507)})
    app.include_router(web_pages.router, responses={key: _BUSY[key] for key in (429, 500, 507)})
    app.include_router(readings.router, responses={key: _BUSY[key] for key in (429, 500, 507)})
    app.include_router(usage.router)
    app.include_router(about.router)
    app.openapi = openapi_of(app, has_key=options.has_users or options.key is not None)  # type: ignore[method-assign]
    for kind in (WholedocError, ParallelCompError, Exception):
        app.add_exception_handler(kind, on_error)
    app.add_exception_handler(HTTPException, on_http_exception)
    app.add_exception_handler(RequestValidationError, on_invalid_request)
    app.add_exception_handler(DisconnectedError, _on_disconnect)
    _add_middleware(app, state, options)
    if pages is not None:
        app.add_middleware(OtherPagesMiddleware, pages=pages)
    add_guard(app, options.hosts, options.origins)
    # Outermost, so that what the guard refuses is counted too
    app.add_middleware(RequestMetricsMiddleware, metrics=state.metrics)
    app.add_middleware(RequestSpanMiddleware)
    audit = state.shelf.folder.audit if options.has_users else None
    app.add_middleware(RequestIdMiddleware, audit=audit, in_front=options.ids_in_front)
    return app


def _add_middleware(app: FastAPI, state: State, options: Options) -> None:
    """Adds the middleware, beginning with the innermost."""
    app.add_middleware(UnexpectedErrorMiddleware)
    json_bytes = min(options.json_bytes, options.request_bytes)
    app.add_middleware(BodyMemoryMiddleware, limit=json_bytes)
    app.add_middleware(RequestSizeMiddleware, uploads=options.request_bytes, others=json_bytes)
    users = state.shelf.folder.users
    if options.key and options.user_header:
        app.add_middleware(ApiKeyMiddleware, lets_in=named_in_front(options.key, options.user_header, users))
    elif options.has_users:
        app.add_middleware(ApiKeyMiddleware, lets_in=own_key(users))
    elif options.key:
        app.add_middleware(ApiKeyMiddleware, lets_in=shared_key(options.key))
    if options.origins:
        app.add_middleware(CORSMiddleware, allow_origins=options.origins, allow_methods=["*"], allow_headers=["*"])


async def _on_disconnect(request: Request, _error: Exception) -> Response:
    state_of(request).metrics.count_disconnect()
    return Response(status_code=CLIENT_CLOSED_REQUEST)
