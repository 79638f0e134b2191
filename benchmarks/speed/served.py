"""A `wholedoc` server in a process of its own."""

from __future__ import annotations

import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..home import start


@contextmanager
def served(
    folder: Path, ready: Callable[[int], bool], *arguments: str, **streams: Any
) -> Iterator[tuple[int, float]]:
    """Run `wholedoc ARGUMENTS --port PORT` on a free port until the block ends.

    Yields the port and the seconds from the process's start until `ready(port)`. Raises RuntimeError if the process
    ends before that.
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
        yield port, time.perf_counter() - started
    finally:
        process.send_signal(signal.SIGINT)
        process.wait()
