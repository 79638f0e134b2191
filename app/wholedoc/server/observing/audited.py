"""The id of every request, and the line about it in the audit log where the server has users."""

from __future__ import annotations

import asyncio
import logging
import re
import uuid

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ...storage.people.audit import Audit, Entry
from ..middleware import DOCUMENTS, REQUEST_ID, USER

log = logging.getLogger(__name__)
HEADER = "X-Request-ID"
_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


class RequestIdMiddleware:
    """Gives each request an id, or keeps the one that it came with, and sends it back with the answer.

    With `in_front` a server in front of this one gives the ids, and sends them back.
    """

    def __init__(self, app: ASGIApp, audit: Audit | None, in_front: bool) -> None:
        self.app = app
        self._audit = audit
        self._in_front = in_front

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = Headers(scope=scope).get(HEADER, "")
        id = scope[REQUEST_ID] = given if _ID.fullmatch(given) else uuid.uuid4().hex

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                if not self._in_front:
                    MutableHeaders(scope=message)[HEADER] = id
                if self._audit is not None:
                    await asyncio.to_thread(_write, self._audit, _entry(scope, id, message["status"]))
            await send(message)

        await self.app(scope, receive, send_with_id)


def _entry(scope: Scope, id: str, status: int) -> Entry:
    user = scope.get(USER)
    return Entry(
        request_id=id,
        user=user.name if user is not None else "",
        address=scope["client"][0] if scope.get("client") else "",
        method=scope["method"],
        route=getattr(scope.get("route"), "path", "other"),
        status=status,
        documents=(*scope.get(DOCUMENTS, ()), *filter(None, [scope.get("path_params", {}).get("file_id")])),
    )


def _write(audit: Audit, entry: Entry) -> None:
    try:
        audit.write(entry)
    except OSError as error:  # nobody's answer may depend on it, but somebody must hear of it
        log.error("the audit log cannot be written (%s): %s", error.strerror, entry)
