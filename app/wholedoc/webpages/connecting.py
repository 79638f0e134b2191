"""Connections to addresses that were checked, and that end at a deadline whatever the other side does."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterable
from typing import Any

import httpcore

from .addresses import resolve


class CheckedBackend(httpcore.NetworkBackend):
    """Connects to the very address that was checked: a name that leads elsewhere a moment later changes nothing.

    `deadline` is a time of `time.monotonic` in seconds.
    """

    def __init__(self, deadline: float, *, private: bool) -> None:
        self._deadline = deadline
        self._private = private
        self._real = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        error: Exception = httpcore.ConnectError(f"{host} has no address")
        for address in resolve(host, port, private=self._private):
            try:
                stream = self._real.connect_tcp(address, port, left(self._deadline), local_address, socket_options)
                return _Timed(stream, self._deadline)
            except httpcore.NetworkError as failed:
                error = failed
        raise error


class _Timed(httpcore.NetworkStream):
    """A connection of which every step has only the time that is left."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: float) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, left(self._deadline))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, left(self._deadline))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _Timed(self._stream.start_tls(ssl_context, server_hostname, left(self._deadline)), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def left(deadline: float) -> float:
    """Return the seconds that are left. Raises httpcore.ReadTimeout if none are."""
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise httpcore.ReadTimeout("the deadline has passed")
    return seconds
