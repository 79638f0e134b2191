"""Bodies of requests: parsed without copies of their text, and bounded in what they become in memory."""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request
from fastapi.routing import APIRoute
from pydantic_core import from_json
from starlette.responses import Response

from ..protocol.errors import ApiError

# An empty list is two bytes of JSON and 64 of memory; a text takes what it is long. So the number of values is
# bounded, and with it what they take beside their text (some 50 MB). A message has about six.
MOST_VALUES = 200_000
# A form has one file and two fields; clients may send a few more fields, and short ones.
FORM = {"max_files": 1, "max_fields": 20, "max_part_size": 10_000}
# Every value but the first begins with one of these signs or comes after one. A text is one match, however long.
_VALUE = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[\[{,]', re.DOTALL)


class BoundedRequest(Request):
    """A request whose body is kept only until it is parsed, and whose form is a small one.

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

    def form(self, **_others: Any) -> Any:
        """Reads the form. Raises HTTPException 400 if it has more or longer fields than FORM allows."""
        return super().form(**FORM)


class BoundedRoute(APIRoute):
    """A route that reads its body as a BoundedRequest."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handler = super().get_route_handler()

        async def handle(request: Request) -> Response:
            return await handler(BoundedRequest(request.scope, request.receive))

        return handle


def _parse(body: bytes) -> Any:
    if _has_too_many_values(body):
        raise ApiError(
            400,
            f"the request's body has more than {MOST_VALUES:,} values: send long text as one message",
            "invalid_json",
        )
    try:
        # Python's own parser takes a byte order mark, too.
        return from_json(body.removeprefix(b"\xef\xbb\xbf"))
    except ValueError as error:
        raise ApiError(400, f"the request's body is not JSON: {error}", "invalid_json") from error


def _has_too_many_values(body: bytes) -> bool:
    """Whether the body has more values than are allowed, where a key is one, too."""
    if sum(map(body.count, (b"[", b"{", b",", b'"'))) <= MOST_VALUES:  # however many of them stand in texts
        return False
    return any(number >= MOST_VALUES for number, _ in enumerate(_VALUE.finditer(body)))
