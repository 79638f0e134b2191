"""One server for all attacks, and the check after each of them that it stands as before."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("fastapi")
pytest.importorskip("psutil")

import httpx
import psutil

from ..app.server.serving import free_port
from ..conftest import hold_embedded_model
from .attacked import PATIENCE, Attacked, answered, wait_until_ready

# Memory that the server may have gained after an attack, in bytes. What the allocators keep is part of it.
MOST_GROWTH = 300_000_000
# What a slow client has sent when it stops: nothing, half a head, half a body, half a file.
BEGINNINGS = (
    b"",
    b"GET /health HTTP/1.1\r\nHost: loc",
    b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    b"Content-Length: 1000\r\n\r\n{",
    b"POST /v1/files HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n"
    b"Content-Type: multipart/form-data; boundary=b\r\n\r\n--b",
)


@pytest.fixture(scope="session")
def _attacked(embedded_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attacked]:
    folder = tmp_path_factory.mktemp("hostile")
    home, said, port = folder / "library", folder / "said.txt", free_port()
    hold_embedded_model(home, embedded_folder)
    environment = {
        **os.environ,
        "HOME": str(folder),
        "WHOLEDOC_HOME": str(home),
        "TMPDIR": str(folder),
        "HF_HUB_OFFLINE": "1",
        "OMP_NUM_THREADS": "2",
    }
    command = [sys.executable, "-m", "wholedoc", "serve", "--no-ui", "--port", str(port)]
    with said.open("wb") as log:
        started = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE) as http:
            one = Attacked(port, psutil.Process(started.pid), said, http)
            wait_until_ready(http, one.process, seconds=120)
            answered(one.hello())
            one.memory = one.anonymous()
            one.since = time.monotonic()
            one.slow = [one.connect() for _ in range(200)]
            for index, connection in enumerate(one.slow):
                connection.sendall(BEGINNINGS[index % len(BEGINNINGS)])
            yield one
            for connection in one.slow:
                connection.close()
    finally:
        started.kill()
        started.wait()


@pytest.fixture
def server(_attacked: Attacked) -> Iterator[Attacked]:
    """The server. After the test it must be idle and well, with no trace in its log, and no larger than before."""
    yield _attacked
    assert _attacked.process.is_running()
    deadline = time.monotonic() + PATIENCE
    while (health := _attacked.http.get("/health").json())["working"] and time.monotonic() < deadline:
        time.sleep(0.05)
    assert (health["status"], health["working"], health["waiting"]) == ("ready", 0, 0)
    assert "Traceback" not in _attacked.said.read_text(encoding="utf-8", errors="replace")
    assert _attacked.anonymous() - _attacked.memory < MOST_GROWTH
