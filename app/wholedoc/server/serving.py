"""Serves a web application at an address until the process is interrupted."""

from __future__ import annotations

import ipaddress
import logging
import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType

import uvicorn
from starlette.types import ASGIApp

from ..errors import WholedocError
from .guarding.slow_clients import ImpatientProtocol

LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]", "::1")


@dataclass(frozen=True)
class Address:
    """The host and port to listen on."""

    host: str = "127.0.0.1"
    port: int = 8000

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can connect to the address."""
        try:
            return self.host in LOOPBACK_NAMES or ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def hosts(self) -> tuple[str, ...]:
        """The host names that requests may use for this server; "*" allows any.

        On loopback only the machine's own names count. Otherwise a foreign web page could reach the server by
        resolving its own name to this machine's address (DNS rebinding).
        """
        return (*LOOPBACK_NAMES, self.host) if self.is_loopback else ("*",)

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"


class PortError(WholedocError):
    """The server cannot listen on the address."""


def serve(app: ASGIApp, address: Address, ready: Callable[[], None]) -> None:
    """Serves `app` until interrupted. Calls `ready` once the port answers. Raises PortError."""
    with listen(address) as listening:
        config = uvicorn.Config(
            app,
            http=ImpatientProtocol,
            log_level="warning",
            timeout_graceful_shutdown=1,
            server_header=False,
            ws="none",
            # Else any program of this machine could name another address in every request, and take all turns.
            proxy_headers="FORWARDED_ALLOW_IPS" in os.environ,
        )
        _AnnouncingServer(config, ready).run(sockets=[listening])


class _AnnouncingServer(uvicorn.Server):
    """A server that calls `ready` when it has started, and leaves without a word."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        # Streams to open pages never end by themselves. They are cut, which uvicorn reports as errors.
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL + 1)
        super().handle_exit(sig, frame)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        if self.started:
            self._ready()


def listen(address: Address) -> socket.socket:
    """Returns a socket that is bound to the address. Raises PortError."""
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    # asyncio switches Nagle's algorithm off only if the socket names its protocol. Otherwise every piece of a
    # stream would wait 40 ms until the piece before it is acknowledged.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
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
