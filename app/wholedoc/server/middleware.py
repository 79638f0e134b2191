"""Middleware in front of the routes: it checks key and size, answers faults, and passes on other pages."""

from __future__ import annotations

import hmac
from collections.abc import Callable

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..storage.people.users import NAME, User, Users
from .protocol.errors import ApiError, api_error

# Under these names a request's scope has its id, its user, and the ids of the documents that it is about.
REQUEST_ID = "wholedoc.request_id"
USER = "wholedoc.user"
DOCUMENTS = "wholedoc.documents"
LetsIn = Callable[[str, Headers], User | bool]

# These paths need no key: whether the server runs and what it offers is no secret.
PUBLIC_PATHS = ("/health", "/ready", "/openapi.json")
# All other paths belong to the pages beside the API.
API_PATHS = ("/v1", "/health", "/ready", "/metrics", "/openapi.json")


class ApiKeyMiddleware:
    """Refuses requests without `Authorization: Bearer <key>`, before their body is read.

    `lets_in` says whether a key is right, and whose it is where the server has users; it is told the headers, too.
    """

    def __init__(self, app: ASGIApp, lets_in: LetsIn) -> None:
        self.app = app
        self._lets_in = lets_in

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] not in PUBLIC_PATHS:
            headers = Headers(scope=scope)
            given = headers.get("authorization", "").encode("latin-1", "replace")
            scheme, _, key = given.partition(b" ")
            known = scheme.title() == b"Bearer" and self._lets_in(key.strip().decode("utf-8", "replace"), headers)
            if not known:
                error = ApiError(
                    401,
                    "this server wants its key: send it as Authorization: Bearer <key>",
                    "invalid_api_key",
                    headers={"WWW-Authenticate": "Bearer"},
                )
                await error.response(scope, receive, send)
                return
            if isinstance(known, User):
                scope[USER] = known
        await self.app(scope, receive, send)


def shared_key(expected: str) -> LetsIn:
    """Returns what says whether a key is the one that all clients share."""
    return lambda key, _headers: hmac.compare_digest(key.encode(), expected.encode())


def own_key(users: Users) -> LetsIn:
    """Returns what says whose key a key is."""
    return lambda key, _headers: users.of(key) or False


def named_in_front(expected: str, header: str, users: Users) -> LetsIn:
    """Returns what says whom a server in front names in a header. The key is that server's, which lets in who it
    will; users who are not known here share no shelf."""
    right = shared_key(expected)

    def lets_in(key: str, headers: Headers) -> User | bool:
        name = headers.get(header, "").lower()
        return bool(right(key, headers) and NAME.fullmatch(name)) and (users.named(name) or User(name))

    return lets_in


class RequestSizeMiddleware:
    """Refuses uploads of more than `uploads` bytes, and other requests of more than `others` bytes.

    It looks at the announced length first, and otherwise stops a body as soon as it is longer.
    """

    def __init__(self, app: ASGIApp, uploads: int, others: int) -> None:
        self.app = app
        self._uploads = uploads
        self._others = others

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        limit = self._uploads if _is_upload(scope) else self._others
        announced = Headers(scope=scope).get("content-length", "0")
        if announced.isdecimal() and int(announced) > limit:
            await self._error(scope, limit).response(scope, receive, send)
            return
        received = 0

        async def receive_counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > limit:
                raise self._error(scope, limit)
            return message

        await self.app(scope, receive_counted, send)

    @staticmethod
    def _error(scope: Scope, limit: int) -> ApiError:
        option = "--request-limit" if _is_upload(scope) else "--json-limit, or upload the file and send its id"
        return ApiError(
            413,
            f"the request is larger than {limit / 1e6:g} MB: start the server with a higher {option}",
            "request_too_large",
        )


class BodyMemoryMiddleware:
    """Refuses a request whose body, with those of all that are at work or wait, is more than `limit` bytes.

    The first `FREE_BYTES` of every body are not counted, so that ordinary requests always get through. Uploads are
    not counted either: they go to the disk.
    """

    FREE_BYTES = 1_000_000

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self.app = app
        self._limit = limit
        self._held = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or _is_upload(scope):
            await self.app(scope, receive, send)
            return
        received = counted = 0

        async def receive_counted() -> Message:
            nonlocal received, counted
            message = await receive()
            received += len(message.get("body", b""))
            more = max(received - self.FREE_BYTES, 0) - counted
            if self._held + more > self._limit:
                raise ApiError(
                    503,
                    "other large requests are being answered, and their texts fill the memory that there is for "
                    "them: try again later, or upload the file and send its id",
                    "too_much_at_once",
                    headers={"Retry-After": "10"},
                )
            self._held += more
            counted += more
            return message

        try:
            await self.app(scope, receive_counted, send)
        finally:
            self._held -= counted


class UnexpectedErrorMiddleware:
    """Answers errors that no handler foresaw like any other error, as long as the response has not started.

    The framework's own handler raises such an error again after answering it. That closes the connection, over
    which the client may be sending its next request already.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def send_noted(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self.app(scope, receive, send_noted)
        except Exception as error:
            if started:
                raise
            await api_error(error).response(scope, receive, send)


class OtherPagesMiddleware:
    """Sends requests for all paths that are not the API's to another application."""

    def __init__(self, app: ASGIApp, pages: ASGIApp) -> None:
        self.app = app
        self.pages = pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        ours = scope["type"] == "lifespan" or not is_page(scope.get("path", ""))
        await (self.app if ours else self.pages)(scope, receive, send)


def is_page(path: str) -> bool:
    """Whether a path belongs to the pages beside the API."""
    return not any(path == one or path.startswith(f"{one}/") for one in API_PATHS)


def _is_upload(scope: Scope) -> bool:
    """Whether the request's body goes to the disk. Its route counts, too, as every route can be sent any type."""
    kind = Headers(scope=scope).get("content-type", "").partition(";")[0].strip().lower()
    return scope["path"] == "/v1/files" and kind == "multipart/form-data"
