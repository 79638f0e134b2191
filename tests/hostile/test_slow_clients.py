"""Clients that send slowly, leave in the middle, or never read."""

from __future__ import annotations

import json
import socket
import struct
import time

import pytest

from wholedoc.server.guarding.slow_clients import INTERVAL_S

from .attacked import PATIENCE, Attacked, answered

pytestmark = pytest.mark.embedded
BODY = json.dumps({"messages": [{"role": "user", "content": "Count to a thousand."}], "stream": True}).encode()
ASKED = (
    b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    b"Content-Length: %d\r\n\r\n" % len(BODY)
) + BODY
UPLOADED = (
    b"POST /v1/files HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=b\r\n"
    b"Content-Length: 5000000\r\n\r\n--b\r\n"
    b'Content-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n' + b"x" * 2_000_000
)


def reset(connection: socket.socket) -> None:
    """Close a connection without a farewell."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


@pytest.mark.parametrize("sent", [b"", ASKED[:50], ASKED[:-10], ASKED, UPLOADED], ids=lambda sent: str(len(sent)))
def test_clients_that_leave_are_forgotten(server: Attacked, sent: bytes) -> None:
    for leave in (socket.socket.close, reset) * 5:
        connection = server.connect()
        connection.sendall(sent)
        leave(connection)
    answered(server.hello())


def test_clients_that_leave_while_they_are_answered_are_forgotten(server: Attacked) -> None:
    for leave in (socket.socket.close, reset):
        connection = server.connect()
        connection.sendall(ASKED)
        assert connection.recv(20).startswith(b"HTTP/1.1 200")
        leave(connection)
    answered(server.hello())


def test_a_body_that_comes_byte_by_byte_is_read_all_the_same(server: Attacked) -> None:
    with server.connect() as connection:
        for start in range(0, len(ASKED), 7):
            connection.sendall(ASKED[start : start + 7])
        assert connection.recv(20).startswith(b"HTTP/1.1 200")


def test_two_hundred_slow_connections_are_closed_in_time(server: Attacked) -> None:
    """They were opened when the server was ready, so that every other test was served beside them."""
    deadline = server.since + 2 * INTERVAL_S + PATIENCE / 2
    for connection in server.slow:
        connection.settimeout(max(deadline - time.monotonic(), 0.01))
        while connection.recv(1000):
            pass
    answered(server.hello())
