"""The limits on what is dropped, kept while it arrives."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.formparsers import MultiPartException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..uploads import TAB_BYTES, Uploads

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
        announced = Headers(scope=scope).get("content-length", "0")
        expected = int(announced) if announced.isdecimal() else 0
        received, looked, complete = 0, -LOOK_AGAIN_BYTES, False

        async def receive_counted() -> Message:
            nonlocal received, looked, complete
            message = await receive()
            if message["type"] == "http.disconnect" and not complete:
                raise MultiPartException("The upload was cut off.")
            complete = complete or not message.get("more_body", False)
            before, received = received, received + len(message.get("body", b""))
            if max(received, expected) > self._limit:
                raise MultiPartException(
                    f"Files dropped together exceed their maximum allowed size of {self._limit / 1e9:.1f} GB: "
                    "drop fewer at once."
                )
            if received - looked >= LOOK_AGAIN_BYTES:
                looked = received
                if not self._uploads.has_room(max(expected, received) - before):
                    raise MultiPartException(
                        "There is no room for more files that wait to be read (their maximum allowed size is half "
                        "of the free disk space): wait, or free some space."
                    )
            return message

        await self.app(scope, receive_counted, send)
