"""The limits on what is dropped, kept while it arrives."""

from __future__ import annotations

import json
from pathlib import Path

from starlette.datastructures import Headers
from starlette.formparsers import MultiPartException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..arriving.uploads import TAB_BYTES, Uploads

UPLOAD = "/gradio_api/upload"
# The room that is left is looked for whenever so many bytes have come.
LOOK_AGAIN_BYTES = 4_000_000
# What the form around the files may take.
FORM_BYTES = 1_000_000


class UploadLimitMiddleware:
    """Ends an upload that is larger than a tab may hold, or for which there is no room left.

    An upload ends by the error with which Gradio's own parser refuses a form. Gradio deletes what came of it then,
    which it does not after any other error, nor when the client goes away. "maximum allowed size" in its words
    makes its status 413.
    """

    def __init__(self, app: ASGIApp, uploads: Uploads, file_bytes: int) -> None:
        self.app = app
        self._uploads = uploads
        self._limit = max(TAB_BYTES, file_bytes) + FORM_BYTES

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != UPLOAD:
            await self.app(scope, receive, send)
            return
        upload = _Upload(self._uploads, self._limit, scope)
        try:
            await self.app(scope, lambda: upload.receive(receive), lambda message: upload.send(message, send))
        finally:
            upload.end()


class _Upload:
    """One upload: what has come of it, and what Gradio answers."""

    def __init__(self, uploads: Uploads, limit: int, scope: Scope) -> None:
        announced = Headers(scope=scope).get("content-length", "0")
        self._uploads = uploads
        self._limit = limit
        self._address = scope["client"][0] if scope.get("client") else ""
        self._expected = int(announced) if announced.isdecimal() else 0
        self._received, self._looked, self._complete = 0, -LOOK_AGAIN_BYTES, False
        self._answer = b""

    async def receive(self, receive: Receive) -> Message:
        message = await receive()
        if message["type"] == "http.disconnect" and not self._complete:
            raise MultiPartException("The upload was cut off.")
        self._complete = self._complete or not message.get("more_body", False)
        before, size = self._received, len(message.get("body", b""))
        self._received += size
        if max(self._received, self._expected) > self._limit:
            raise MultiPartException(
                f"Files dropped together exceed their maximum allowed size of {self._limit / 1e9:.1f} GB: "
                "drop fewer at once."
            )
        if self._received - self._looked >= LOOK_AGAIN_BYTES:
            self._looked = self._received
            if not self._uploads.has_room(max(self._expected, self._received) - before, self._address):
                raise MultiPartException(
                    "There is no room for more files that wait to be read (their maximum allowed size is half "
                    "of the free disk space, and half of that for one address): wait, or free some space."
                )
        self._uploads.arriving(self._address, size)
        return message

    async def send(self, message: Message, send: Send) -> None:
        """Pass an answer on. It names the files, which are counted as their sender's from now on."""
        self._answer += message.get("body", b"")
        if message["type"] == "http.response.body" and not message.get("more_body", False):
            self._uploads.arrived(self._address, _files(self._answer))
        await send(message)

    def end(self) -> None:
        """Count no more of it as arriving."""
        self._uploads.arriving(self._address, -self._received)


def _files(answer: bytes) -> list[Path]:
    """Return the files that an answer names; none if it says what went wrong."""
    try:
        named = json.loads(answer)
    except ValueError:
        return []
    return [Path(one) for one in named if isinstance(one, str)] if isinstance(named, list) else []
