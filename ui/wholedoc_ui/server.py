"""The browser app as a web application, safe by default, and the process that serves it."""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Callable
from dataclasses import dataclass

import uvicorn
from fastapi import FastAPI
from starlette.datastructures import MutableHeaders
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from wholedoc.errors import WholedocError

from .desk import Desk

LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]", "::1")
# Nothing from elsewhere is ever loaded or asked. Gradio's own page needs inline scripts and compiles its templates.
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
# Where Gradio would hand out files of its cache, uploads among them, to whoever knows their path. We need none.
FILE_ROUTES = ("/gradio_api/file", "/file", "/gradio_api/stream/", "/gradio_api/proxy", "/proxy")
# Descriptions of an interface for programs, which this is not.
API_ROUTES = ("/gradio_api/openapi", "/gradio_api/info")


@dataclass(frozen=True)
class Address:
    """Where to listen. `auth` is a user's name and password."""

    host: str = "127.0.0.1"
    port: int = 7860
    auth: tuple[str, str] | None = None

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can connect."""
        try:
            return self.host in LOOPBACK_NAMES or ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"


class PortError(WholedocError):
    """The address cannot be listened on."""


class Guard:
    """Headers that keep the page to itself, and no files from the upload folder."""

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


def create_app(desk: Desk, address: Address, upload_bytes: int) -> FastAPI:
    """The browser app around a desk."""
    os.environ["GRADIO_TEMP_DIR"] = str(desk.incoming)  # a private folder, deleted in the end
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    from .app import mount

    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    if address.is_loopback:
        # A web page elsewhere cannot pass itself off as this one by giving its own name this machine's address.
        app.add_middleware(TrustedHostMiddleware, allowed_hosts=[*LOOPBACK_NAMES, address.host])
    app.add_middleware(Guard)  # the outermost, since it was added last
    return mount(app, desk, auth=address.auth, upload_bytes=upload_bytes)


def serve(app: FastAPI, address: Address, ready: Callable[[], None]) -> None:
    """Serve until interrupted; `ready` is called when the port answers. Raises PortError."""
    with _listen(address) as listening:
        config = uvicorn.Config(
            app, log_level="warning", timeout_graceful_shutdown=1, server_header=False, ws="none"
        )
        _Announcing(config, ready).run(sockets=[listening])


class _Announcing(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        if self.started:
            self._ready()


def _listen(address: Address) -> socket.socket:
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((address.host, address.port))
    except OSError as error:
        listening.close()
        raise PortError(
            f"cannot listen on {address.host} port {address.port} ({error.strerror}): is one running there? "
            "--port chooses another"
        ) from error
    return listening
