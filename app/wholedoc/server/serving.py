"""An address, and a process that serves a web application there until it is interrupted."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable
from dataclasses import dataclass

import uvicorn
from starlette.types import ASGIApp

from ..errors import WholedocError

LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]", "::1")


@dataclass(frozen=True)
class Address:
    """Where to listen."""

    host: str = "127.0.0.1"
    port: int = 8000

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can connect."""
        try:
            return self.host in LOOPBACK_NAMES or ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def hosts(self) -> tuple[str, ...]:
        """The names that requests may call this server by: on loopback, a web page elsewhere cannot pass itself off
        as ours by giving its own name this machine's address."""
        return (*LOOPBACK_NAMES, self.host) if self.is_loopback else ("*",)

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"


class PortError(WholedocError):
    """The address cannot be listened on."""


def serve(app: ASGIApp, address: Address, ready: Callable[[], None]) -> None:
    """Serve until interrupted; `ready` is called when the port answers. Raises PortError."""
    with listen(address) as listening:
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


def listen(address: Address) -> socket.socket:
    """The bound socket. Raises PortError."""
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    # With its protocol named, asyncio switches Nagle's algorithm off: else every piece of a stream waits 40 ms for
    # the acknowledgement of the one before.
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
