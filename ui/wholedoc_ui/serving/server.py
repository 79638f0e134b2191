"""The browser app as a web application, safe by default."""

from __future__ import annotations

import os
from dataclasses import dataclass

from fastapi import FastAPI
from starlette.datastructures import MutableHeaders
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from wholedoc.server import serving
from wholedoc.server.serving import PortError, serve

from ..app_state import AppState

__all__ = ["AccessMiddleware", "Address", "PortError", "create_app", "serve"]

# The page loads nothing from elsewhere and sends nothing there. Gradio needs inline scripts and compiles templates.
POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
# Under these routes Gradio gives files of its cache, uploads among them, to anyone who knows their path.
FILE_ROUTES = ("/gradio_api/file", "/file", "/gradio_api/stream/", "/gradio_api/proxy", "/proxy")
# Descriptions of an interface for programs, which the page does not offer.
API_ROUTES = ("/gradio_api/openapi", "/gradio_api/info")


@dataclass(frozen=True)
class Address(serving.Address):
    """Where to listen. `auth` is a user's name and password; None lets everyone in."""

    port: int = 7860
    auth: tuple[str, str] | None = None


class AccessMiddleware:
    """Adds the security headers to every response, and answers 404 for FILE_ROUTES and API_ROUTES."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        if scope["path"].startswith(FILE_ROUTES + API_ROUTES):
            await PlainTextResponse("Not found", status_code=404)(scope, receive, send_guarded)
        else:
            await self.app(scope, receive, send_guarded)


def create_app(app_state: AppState, address: Address, upload_bytes: int) -> FastAPI:
    """Return the browser app as a web application. No file of more than `upload_bytes` can be dropped."""
    os.environ["GRADIO_TEMP_DIR"] = str(app_state.incoming)  # a private folder, deleted at the end
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    from ..interface.app import mount

    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    # A foreign web page that points its own host name at this machine (DNS rebinding) is refused.
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(address.hosts))
    app.add_middleware(AccessMiddleware)  # the outermost, as it is added last
    return mount(app, app_state, auth=address.auth, upload_bytes=upload_bytes)
