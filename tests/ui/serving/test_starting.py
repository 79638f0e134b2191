"""The browser app while it starts: it answers before it is there, and an error ends it with its reason."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from wholedoc.errors import WholedocError
from wholedoc_ui.serving.access import HEADERS
from wholedoc_ui.serving.starting import StartingApp

from ...app.server.serving import until

# What `wholedoc ui` imports until its port answers, and what must not be among it.
BEFORE_THE_PORT = """
import sys
import wholedoc.cli
import wholedoc_ui.serving.command, wholedoc_ui.serving.server, wholedoc_ui.serving.starting
print(*sorted({"torch", "transformers", "gradio", "pandas", "fastapi"} & set(sys.modules)))
"""


@pytest.fixture
def interrupts() -> Iterator[list[int]]:
    """Note interrupts instead of ending the tests."""
    noted: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: noted.append(number))
    yield noted
    signal.signal(signal.SIGINT, before)


def test_it_says_that_it_starts_and_then_is_the_app() -> None:
    said: list[str] = []
    go = threading.Event()

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        said.append("begins")
        yield
        said.append("ends")

    def make() -> Starlette:
        go.wait(20)
        return Starlette(routes=[Route("/", lambda _: PlainTextResponse("here"))], lifespan=lifespan)

    with TestClient(StartingApp(make, lambda: said.append("ready"))) as client:
        answer = client.get("/config")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
        assert "wholedoc is starting" in answer.text
        assert {name: answer.headers[name] for name in HEADERS} == HEADERS
        go.set()
        until(lambda: client.get("/").text == "here")
        assert said == ["begins", "ready"]
    assert said == ["begins", "ready", "ends"]


def test_what_prevents_it_interrupts_the_server(interrupts: list[int]) -> None:
    def make() -> Starlette:
        raise WholedocError("the library's folder cannot be used")

    app = StartingApp(make, lambda: pytest.fail("it is not ready"))
    with TestClient(app) as client:
        until(lambda: app.error is not None)
        assert client.get("/").status_code == 503
    assert str(app.error) == "the library's folder cannot be used"
    assert interrupts == [signal.SIGINT]


def test_the_port_waits_for_no_heavy_import() -> None:
    """One import of the engine in the server's file made a person wait for torch and transformers."""
    done = subprocess.run([sys.executable, "-c", BEFORE_THE_PORT], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
