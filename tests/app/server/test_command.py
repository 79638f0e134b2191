"""`wholedoc serve` as a person starts it."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi")
import httpx
import uvicorn

from wholedoc.server import serving

from ..conftest import Command
from ..processes import start
from .serving import free_port, until

pytestmark = pytest.mark.embedded


@contextmanager
def serve(*arguments: str, **environment: str) -> Iterator[tuple[httpx.Client, subprocess.Popen[str]]]:
    """Runs `wholedoc serve` as a process, once its port answers."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "wholedoc", "serve", "--port", str(port), *arguments],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            until(lambda: process.poll() is not None or answers(client), 120)
            yield client, process
    finally:
        process.kill()
        process.communicate()


def answers(client: httpx.Client) -> bool:
    try:
        return client.get("/health").status_code == 200
    except httpx.TransportError:
        return False


def test_a_served_library_answers_and_ends_when_asked_to(tiny_model: Path) -> None:
    arguments = ("--no-ui", "--model", str(tiny_model), "--chunk-tokens", "256", "--max-new-tokens", "4")
    with serve(*arguments, WHOLEDOC_KEY="sesame") as (client, process):
        assert client.get("/health").json()["status"] in ("loading", "ready")
        assert client.get("/v1/models").status_code == 401
        client.headers["Authorization"] = "Bearer sesame"
        asked = {"messages": [{"role": "user", "content": "Hello"}]}
        assert client.post("/v1/chat/completions", json=asked).json()["usage"]["completion_tokens"] == 4
        assert client.get("/").json()["error"]["code"] == "not_found"
        process.send_signal(signal.SIGTERM)
        stopped = time.monotonic()
        out, err = process.communicate(timeout=30)
        assert time.monotonic() - stopped < 5
        assert re.search(r"the API is at http://127\.0\.0\.1:\d+/v1 ", out)
        assert process.returncode == 0
        assert "sesame" not in out + err
        assert "Traceback" not in err


@pytest.mark.usefixtures("with_embedded_model")
def test_it_ends_when_asked_to_while_the_model_is_loaded() -> None:
    """A thread inside torch cannot be interrupted, and would make Python abort if it ended in the usual way."""
    with serve("--no-ui") as (client, process):
        assert client.get("/health").json()["status"] == "loading"
        time.sleep(0.5)
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=5)
        assert process.returncode == 0, err


# `wholedoc` for which loading a model never ends.
NEVER_LOADED = """
import threading
from wholedoc.cli import main
from wholedoc.models import lazy_model
lazy_model.open_model = lambda *_, **__: threading.Event().wait()
main()
"""


def test_the_port_answers_before_the_model_is_loaded(tiny_model: Path, tmp_path: Path) -> None:
    port = free_port()
    arguments = ["serve", "--no-ui", "--model", tiny_model, "--port", str(port)]
    process = start(arguments, tmp_path / "said.txt", NEVER_LOADED).process
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
            until(lambda: answers(client), 120)
            assert client.get("/health").json() == {
                "status": "loading",
                "model": tiny_model.name,
                "waiting": 0,
                "working": 0,
            }
            assert client.post(
                "/v1/files", files={"file": ("a.txt", b"A.")}, data={"purpose": "user_data"}
            ).is_success
    finally:
        process.kill()
        process.join()


def test_other_machines_are_let_in_on_purpose_only(wholedoc: Command) -> None:
    code, _, err = wholedoc("serve", "--host", "0.0.0.0")
    assert code == 2
    assert "--key" in err
    assert "--no-key" in err


def test_a_port_that_is_taken_is_said_so(wholedoc: Command, tiny_model: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        code, _, err = wholedoc("serve", "--no-ui", "--model", tiny_model, "--port", port)
    assert code == 1
    assert port in err
    assert "--port" in err


MISSING = ("fastapi", "uvicorn", "prometheus_client")


def test_what_is_missing_is_said_with_how_to_get_it() -> None:
    """Each in a process that has loaded nothing of the server."""
    program = f"""
import os, sys
from wholedoc.cli import run
for missing in {MISSING}:
    if (child := os.fork()) == 0:
        sys.modules[missing] = None
        code = run(["serve"])
        sys.stderr.flush()
        os._exit(code)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
    assert found.stdout.split() == ["2"] * len(MISSING), found.stderr
    for missing in MISSING:
        assert f'{missing} is missing: pip install "wholedoc[server]"' in found.stderr


@pytest.mark.parametrize("trusted", [None, "127.0.0.1"])
def test_nobody_names_another_address_as_its_own(trusted: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each address has turns and places of its own, so that whoever names many would have all of them."""
    monkeypatch.delenv("FORWARDED_ALLOW_IPS", raising=False)
    if trusted is not None:
        monkeypatch.setenv("FORWARDED_ALLOW_IPS", trusted)
    said: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            said.append(scope["client"][0])

    configs: list[uvicorn.Config] = []
    monkeypatch.setattr(uvicorn.Server, "run", lambda server, sockets: configs.append(server.config))
    serving.serve(app, serving.Address(port=free_port()), lambda: None)
    (config,) = configs
    config.load()
    scope = {
        "type": "http",
        "scheme": "http",
        "client": ("127.0.0.1", 9),
        "headers": [(b"x-forwarded-for", b"10.0.0.1")],
    }
    asyncio.run(config.loaded_app(scope, None, None))
    assert said == ["127.0.0.1" if trusted is None else "10.0.0.1"]
