"""JSON bodies: parsed without copies of their text, with errors that say where and what."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request
from fastapi.routing import APIRoute
from pydantic_core import from_json
from starlette.responses import Response

from .protocol.errors import ApiError


class JsonRequest(Request):
    """A request whose body is kept only until it is parsed.

    The framework holds on to what `body` returns until the request is answered, and Python's own parser makes two
    more copies of it.
    """

    async def json(self) -> Any:
        """Returns the parsed body. Raises ApiError 400 that names the line and the column."""
        return self._parsed

    async def body(self) -> bytes:
        """Reads and parses the body. Returns a short text in place of it, or nothing if the body is empty."""
        if not hasattr(self, "_parsed"):
            self._parsed = _parse(await super().body())
            self._body = b"(parsed)"
        return self._body


class JsonRoute(APIRoute):
    """A route whose body is JSON."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handler = super().get_route_handler()

        async def handle(request: Request) -> Response:
            return await handler(JsonRequest(request.scope, request.receive))

        return handle


def _parse(body: bytes) -> Any:
    try:
        # Python's own parser takes a byte order mark, too.
        return from_json(body.removeprefix(b"\xef\xbb\xbf"))
    except ValueError as error:
        raise ApiError(400, f"the request's body is not JSON: {error}", "invalid_json") from error
