"""A `wholedoc` server in a process of its own."""

from __future__ import annotations

import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..home import start


@dataclass(frozen=True)
class Served:
    """A running server. `seconds` is how long it took from the process's start until it was ready."""

    port: int
    process: subprocess.Popen[bytes]
    seconds: float

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def served(folder: Path, ready: Callable[[int], bool], *arguments: str, **streams: Any) -> Iterator[Served]:
    """Run `wholedoc ARGUMENTS --port PORT` on a free port until the block ends.

    Raises RuntimeError if the process ends before `ready(port)` holds.
    """
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
    started = time.perf_counter()
    process = start(folder, *arguments, "--port", str(port), **streams)
    try:
        while not ready(port):
            if process.poll() is not None:
                raise RuntimeError(f"the server ended with exit code {process.returncode}")
            time.sleep(0.05)
        yield Served(port, process, time.perf_counter() - started)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait()
