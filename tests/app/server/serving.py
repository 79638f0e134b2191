"""A running server of the tiny model, in a thread of the test, and documents to ask it."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI

from wholedoc import Library
from wholedoc.server.app import create_app
from wholedoc.server.serving import Address, listen
from wholedoc.server.state import Options, State

# How long a test waits for something to happen, in seconds. The machine may be busy with other things.
PATIENCE = 20.0


@dataclass
class Server:
    """One server and a plain HTTP client for it."""

    url: str
    app: FastAPI
    library: Library
    http: httpx.Client = field(repr=False)

    @property
    def api(self) -> str:
        return f"{self.url}/v1"

    @property
    def state(self) -> State:
        state: State = self.app.state.server
        return state

    def ask(self, content: Any, **rest: Any) -> httpx.Response:
        """Ask a question as a user."""
        return self.chat([{"role": "user", "content": content}], **rest)

    def chat(self, messages: list[dict[str, Any]], **rest: Any) -> httpx.Response:
        return self.http.post("/v1/chat/completions", json={"model": "wholedoc", "messages": messages, **rest})

    def upload(self, name: str, content: bytes | str, **form: str) -> httpx.Response:
        data = content if isinstance(content, bytes) else content.encode()
        return self.http.post("/v1/files", files={"file": (name, data)}, data={"purpose": "user_data", **form})

    def wait_ready(self) -> None:
        until(lambda: self.http.get("/health").json()["status"] == "ready")

    def wait_idle(self) -> None:
        """Wait until no request is at work or in the queue."""
        until(lambda: (self.state.rate_limiter.working, self.state.rate_limiter.waiting) == (0, 0))


@contextmanager
def running(library: Library, options: Options | None = None, **rest: Any) -> Iterator[Server]:
    """Runs a server on a free port until the end of the block."""
    app = create_app(library, options or Options(), **rest)
    listening = listen(Address(port=0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", timeout_graceful_shutdown=1, ws="none"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    try:
        until(lambda: server.started)
        with httpx.Client(base_url=url, timeout=60) as http:
            yield Server(url, app, library, http)
    finally:
        server.should_exit = True
        thread.join()
        listening.close()


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def until(holds: Callable[[], object], seconds: float = PATIENCE) -> float:
    """Waits until a condition holds and returns the seconds that it took."""
    started = time.perf_counter()
    while not holds():
        assert time.perf_counter() - started < seconds, "it never came"
        time.sleep(0.005)
    return time.perf_counter() - started


def log(name: str, entries: int = 120) -> str:
    """Returns a different document for every name. 120 entries are about 10,000 characters."""
    lines = [
        f"Entry {n} of the log of {name}. Vessel {n * 7} came in with {n * 13} crates of salt and left again."
        for n in range(entries)
    ]
    return "\n\n".join(lines)


def events(response: httpx.Response) -> Iterator[str]:
    """Yields the data of a stream, event by event."""
    for line in response.iter_lines():
        if line.startswith("data: "):
            yield line.removeprefix("data: ")
