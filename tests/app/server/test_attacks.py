"""Requests that would take the server's memory or its connections."""

from __future__ import annotations

import json
import socket
import time
from dataclasses import replace
from typing import Any

import pytest
import uvicorn

pytest.importorskip("fastapi")

from parallelcomp import Engine, MemoryPlan
from wholedoc import Settings
from wholedoc.documents import encoding
from wholedoc.server.guarding import bodies, slow_clients
from wholedoc.server.guarding.slow_clients import ImpatientProtocol
from wholedoc.server.middleware import BodyMemoryMiddleware

from .serving import Server, log
from .test_chat import HELLO, error
from .test_limits import another, connection

pytestmark = pytest.mark.embedded
JSON = {"content-type": "application/json"}


def test_a_text_that_is_refused_is_looked_at_no_further_than_needed_and_not_kept(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan, seen = Engine.plan, []
    whole = encoding.pieces

    def tight(engine: Engine, tokens: int, **assumed: int) -> MemoryPlan:
        return replace(plan(engine, tokens, **assumed), longest_document=5000)

    def noted(*given: Any) -> Any:
        for piece in whole(*given):
            seen.append(len(piece))
            yield piece

    monkeypatch.setattr(Engine, "plan", tight)
    monkeypatch.setattr(encoding, "pieces", noted)
    tokenized = dict(server.library.held.tokenized)
    texts = server.library.texts()
    for text in ("a b c d " * 200_000, log("too long to keep", 1000)):
        refused = error(server.ask(text + "\n\nWhich?"))
        assert refused["code"] == "context_length_exceeded"
        assert "at most 5,000 tokens fit" in refused["message"]
    assert sum(seen) < 500_000
    assert server.library.texts() == texts
    assert server.library.held.tokenized.keys() == tokenized.keys()


def test_a_question_that_cannot_fit_is_not_tokenized(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoding, "pieces", lambda *_: pytest.fail("it was tokenized"))
    refused = error(server.chat([{"role": "user", "content": "a b c d " * 900}] * 200))
    assert refused["code"] == "context_length_exceeded"
    assert "characters" in refused["message"]


def began(server: Server, body: dict[str, Any]) -> bool:
    """Whether a stream is begun for this body."""
    with connection(server, {**body, "stream": True}) as one:
        return b" 200 OK" in one.recv(100)


def test_bodies_together_are_limited(server: Server, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BodyMemoryMiddleware, "FREE_BYTES", 20_000)
    large = {"messages": [{"role": "user", "content": log("a large one", 6000) + "\n\nWhich?"}]}
    size = len(json.dumps(large))
    with another(server, settings, json_bytes=size + 5000) as one:
        with connection(one, {**large, "stream": True}) as first:
            first.recv(100)
            refused = one.http.post("/v1/chat/completions", json=large)
            assert error(refused, 503)["code"] == "too_much_at_once"
            assert int(refused.headers["retry-after"]) > 0
            assert one.chat(HELLO).status_code == 200
        deadline = time.monotonic() + 20
        while not began(one, large):  # nothing is held for who has left, once that is noticed
            assert time.monotonic() < deadline


@pytest.mark.parametrize(
    ("body", "where"),
    [
        (b'{"messages": [}', "expected value at line 1 column 15"),
        (b'{\n"messages" []}', "expected `:` at line 2 column 12"),
        (b"[" * 100_000, "recursion limit exceeded at line 1"),
        (b"{", "EOF while parsing an object at line 1 column 1"),
    ],
)
def test_bad_json_is_said_with_its_line_and_column(server: Server, body: bytes, where: str) -> None:
    refused = error(server.http.post("/v1/chat/completions", content=body, headers=JSON))
    assert (refused["code"], refused["param"]) == ("invalid_json", None)
    assert where in refused["message"]


def test_what_is_held_in_memory_has_a_limit_of_its_own(server: Server, settings: Settings) -> None:
    with another(server, settings, json_bytes=50_000) as one:
        assert one.upload("large.txt", "x " * 30_000).status_code == 200
        form = {"content-type": "multipart/form-data; boundary=b"}  # which does not make it an upload
        for response in (
            one.ask("x " * 30_000),
            one.http.post("/v1/chat/completions", content=b"x" * 60_000, headers=form),
            one.http.post("/v1/files", data={"purpose": "x" * 60_000}),
        ):
            refused = error(response, 413)
            assert refused["code"] == "request_too_large"
            assert "--json-limit" in refused["message"]


def test_a_body_has_only_so_many_values(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten million empty lists fit into the limit of bytes, and take twenty times as much memory."""
    monkeypatch.setattr(bodies, "MOST_VALUES", 1000)
    monkeypatch.setattr(bodies, "from_json", lambda _: pytest.fail("it was parsed"))
    for value in (b"[]", b"{}", b"1", b'""', b'"a\\"', b'{"a":1}'):
        body = b'{"messages":[' + b",".join([value] * 1100) + b"]}"
        refused = error(server.http.post("/v1/chat/completions", content=body, headers=JSON))
        assert "more than 1,000 values" in refused["message"]


@pytest.mark.parametrize("text", ["a, b, [c], {d} " * 20, '"' * 200, "\\" * 200, '\\"' * 200])
def test_signs_in_a_text_are_no_values(server: Server, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr(bodies, "MOST_VALUES", 12)
    assert server.chat([{"role": "user", "content": text}]).status_code == 200


def test_a_form_is_small_but_for_its_file(server: Server) -> None:
    parts = [("file", ("a.txt", b"Some text."))]
    for more in (
        {"files": [*parts, *parts]},
        {"files": parts, "data": {"purpose": "x" * 20_000}},
        {"files": parts, "data": {f"field {n}": "x" for n in range(30)}},
    ):
        error(server.http.post("/v1/files", **more))
    assert server.upload("a.txt", "Some text.").status_code == 200


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GET /health HTTP/1.1\r\nHost: loc",
        b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n{",
        b"POST /v1/files HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n"
        b"Content-Type: multipart/form-data; boundary=b\r\n\r\n--b",
    ],
)
def test_slow_clients_are_closed_and_others_served(
    server: Server, settings: Settings, monkeypatch: pytest.MonkeyPatch, sent: bytes
) -> None:
    monkeypatch.setattr(slow_clients, "INTERVAL_S", 0.5)
    impatient = uvicorn.Config

    def config(*given: Any, **named: Any) -> uvicorn.Config:
        return impatient(*given, http=ImpatientProtocol, **named)

    monkeypatch.setattr(uvicorn, "Config", config)
    with another(server, settings) as one:
        address = ("127.0.0.1", int(one.url.rsplit(":", 1)[1]))
        slow = [socket.create_connection(address) for _ in range(50)]
        try:
            for client in slow:
                client.sendall(sent)
            assert one.chat(HELLO).status_code == 200
            deadline = time.monotonic() + 20
            for client in slow:
                client.settimeout(max(deadline - time.monotonic(), 0.01))
                while client.recv(1000):
                    pass
        finally:
            for client in slow:
                client.close()
        assert one.http.get("/health").status_code == 200
