"""Connections whose clients send too slowly are closed, so that they hold nothing for long."""

from __future__ import annotations

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

# A client that is to send something is looked at this often, in seconds. It is closed if a whole interval passed
# without the end of its headers, or with less of its body than this many bytes: after at most two intervals.
INTERVAL_S = 10.0
LEAST_BYTES = 10_000


class ImpatientProtocol(H11Protocol):
    """HTTP/1.1 with a limit on the time in which headers and body must arrive.

    Answering may take as long as it wants. A connection between two requests has uvicorn's own limit.
    """

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)  # type: ignore[arg-type]
        self._received = 0
        self._waited_for: tuple[Any, ...] | None = None
        self._check = self.loop.call_later(INTERVAL_S, self._look)

    def data_received(self, data: bytes) -> None:
        self._received += len(data)
        super().data_received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._check.cancel()
        super().connection_lost(exc)

    def _look(self) -> None:
        """Close the connection if the client was to send something during the whole interval, and hardly did."""
        expected = self._expected()
        if (
            expected is not None
            and expected == self._waited_for
            and (expected[0] is h11.IDLE or self._received < LEAST_BYTES)
        ):
            self.transport.close()
            return
        self._waited_for, self._received = expected, 0
        self._check = self.loop.call_later(INTERVAL_S, self._look)

    def _expected(self) -> tuple[Any, ...] | None:
        """Return which part of which request the client is to send now, or None if it is not its turn."""
        state = self.conn.their_state
        paused = self.flow is not None and self.flow.read_paused
        return (state, self.cycle) if state in (h11.IDLE, h11.SEND_BODY) and not paused else None
