"""The server under attack, and what counts as an answer."""

from __future__ import annotations

import json
import socket
import time
from dataclasses import dataclass, field
from http.client import BadStatusLine, HTTPResponse
from pathlib import Path
from typing import Any

import httpx
import psutil
from benchmarks.robustness.memory import memory

# How long a test waits for an answer, in seconds. The machine may be busy with other things.
PATIENCE = 40.0
JSON = {"content-type": "application/json"}


@dataclass
class Attacked:
    """A running `wholedoc serve`. `said` is what it printed, and `memory` its anonymous memory when it stood idle.

    `slow` are connections that were opened `since` then, and on which nothing more is sent.
    """

    port: int
    process: psutil.Process
    said: Path
    http: httpx.Client = field(repr=False)
    memory: int = 0
    slow: list[socket.socket] = field(default_factory=list, repr=False)
    since: float = 0.0

    def chat(self, body: bytes | dict[str, Any]) -> httpx.Response:
        """Send a chat request, whose body may be anything."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.http.post("/v1/chat/completions", content=content, headers=JSON)

    def hello(self, **rest: Any) -> httpx.Response:
        """Ask for a short answer."""
        return self.chat({"messages": [{"role": "user", "content": "Hello"}], "max_tokens": 2, **rest})

    def upload(self, name: str, content: bytes) -> httpx.Response:
        return self.http.post("/v1/files", files={"file": (name, content)}, data={"purpose": "user_data"})

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)

    def raw(self, sent: bytes) -> tuple[int, bytes] | None:
        """Send bytes; return the first answer's status and body, or None if the connection is closed."""
        with self.connect() as connection:
            try:
                connection.sendall(sent)
                connection.shutdown(socket.SHUT_WR)
                answer = HTTPResponse(connection)
                answer.begin()
                return answer.status, answer.read()
            except TimeoutError:
                raise
            except (BadStatusLine, OSError):
                return None

    def anonymous(self) -> int:
        """Return the bytes of memory that belong to no file."""
        return memory(self.process.pid).anonymous


def refused(answer: httpx.Response, *statuses: int) -> dict[str, Any]:
    """Return the error of an answer that is one, in OpenAI's shape, with one of these statuses (default: 400)."""
    assert answer.status_code in (statuses or (400,)), answer.text
    return shaped(answer.content)


def shaped(body: bytes) -> dict[str, Any]:
    """Return the error in a body that has OpenAI's shape."""
    content = json.loads(body)
    assert set(content) == {"error"}
    found: dict[str, Any] = content["error"]
    assert set(found) == {"message", "type", "param", "code"}
    assert found["message"]
    assert len(found["message"]) < 5000, "what was sent comes back"
    return found


def answered(answer: httpx.Response) -> str:
    """Return the text of a right answer."""
    assert answer.status_code == 200, answer.text
    said = answer.json()["choices"][0]["message"]["content"]
    assert isinstance(said, str)
    return said


def wait_until_ready(http: httpx.Client, process: psutil.Process, seconds: float) -> None:
    """Wait until the server's model is loaded."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if http.get("/health").json()["status"] == "ready":
                return
        except httpx.TransportError:
            assert process.is_running()
            assert process.status() != psutil.STATUS_ZOMBIE, "the server ended"
        time.sleep(0.1)
    raise AssertionError("the server never was ready")
