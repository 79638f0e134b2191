"""What stands in front of the routes: the key, requests of web pages from elsewhere, and the size of requests."""

from __future__ import annotations

import hmac
from collections.abc import Sequence

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .protocol.errors import ApiError

# Whether the server runs, and what it offers, is no secret.
OPEN = ("/health", "/openapi.json")


class RequireKey:
    """Lets in who says `Authorization: Bearer <key>`. Comes before the body is read."""

    def __init__(self, app: ASGIApp, key: str) -> None:
        self.app = app
        self._expected = f"Bearer {key}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] not in OPEN:
            given = Headers(scope=scope).get("authorization", "").encode("latin-1", "replace")
            scheme, _, key = given.partition(b" ")
            if not hmac.compare_digest(scheme.title() + b" " + key.strip(), self._expected):
                error = ApiError(
                    401,
                    "this server wants its key: send it as Authorization: Bearer <key>",
                    "invalid_api_key",
                    headers={"WWW-Authenticate": "Bearer"},
                )
                await error.response(scope, receive, send)
                return
        await self.app(scope, receive, send)


class RefuseForeignPages:
    """Web pages from elsewhere may send nothing, unless their origin is allowed: a browser would let a page on any
    site upload files to a server on its user's own machine."""

    def __init__(self, app: ASGIApp, allowed: Sequence[str] = ()) -> None:
        self.app = app
        self._allowed = frozenset(allowed)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            headers = Headers(scope=scope)
            origin = headers.get("origin")
            ours = origin is None or origin.partition("://")[2] == headers.get("host")
            if not ours and not self._allowed & {origin, "*"}:
                error = ApiError(
                    403,
                    "web pages from elsewhere are not let in: start the server with --allow-origin for this one",
                    "origin_not_allowed",
                )
                await error.response(scope, receive, send)
                return
        await self.app(scope, receive, send)


class LimitSize:
    """Refuses requests of more than `limit` bytes: by what they announce, or else as soon as they are longer."""

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self.app = app
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        announced = Headers(scope=scope).get("content-length", "0")
        if announced.isdecimal() and int(announced) > self._limit:
            await self._error().response(scope, receive, send)
            return
        received = 0

        async def receive_counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self._limit:
                raise self._error()
            return message

        await self.app(scope, receive_counted, send)

    def _error(self) -> ApiError:
        return ApiError(
            413,
            f"the request is larger than {self._limit / 1e6:g} MB: start the server with a higher --request-limit, "
            "or upload the file and send its id",
            "request_too_large",
        )
