"""`wholedoc serve` on a library of its own, for attacks and for load."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from ..speed.served import Served, served

# How long a client waits for an answer, in seconds.
PATIENCE = 600.0


@contextmanager
def serving(folder: Path, *arguments: str) -> Iterator[tuple[Served, httpx.Client]]:
    """Run a server, and yield it with a client of it once its model is loaded."""
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with (
        served(folder, _ready, "serve", "--no-ui", *arguments, **quiet) as server,
        httpx.Client(base_url=server.url, timeout=PATIENCE) as client,
    ):
        yield server, client


def _ready(port: int) -> bool:
    try:
        return bool(httpx.get(f"http://127.0.0.1:{port}/health").json()["status"] == "ready")
    except httpx.TransportError:
        return False
