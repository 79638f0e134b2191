"""What keeps a server usable: slots, the queue, keys, sizes, foreign pages, and clients that disconnect."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

pytest.importorskip("fastapi")

from parallelcomp import Engine
from wholedoc import Library, Settings
from wholedoc.runtime.client import Client
from wholedoc.server.served_model import Phase
from wholedoc.server.state import Options

from .serving import Server, log, running, until
from .test_chat import HELLO, error

pytestmark = pytest.mark.embedded
# An idle machine needs a hundredth of it; reading what stands in front would take longer.
SOON_S = 5.0


@contextmanager
def another(server: Server, settings: Settings, **options: Any) -> Iterator[Server]:
    """Runs another server with options of its own, whose model is loaded already."""
    library = Library.open(settings=settings)
    library._model = server.library._model
    with running(library, Options(**options)) as started:
        started.wait_ready()
        yield started


@contextmanager
def connection(server: Server, body: dict[str, Any]) -> Iterator[socket.socket]:
    """Sends a chat request on a connection that can be dropped at any moment."""
    content = json.dumps({"model": "wholedoc", **body}).encode()
    head = (
        "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(content)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", int(server.url.rsplit(":", 1)[1]))) as raw:
        raw.sendall(head.encode() + content)
        yield raw


def long_reading(name: str, **rest: Any) -> dict[str, Any]:
    """Returns a request that takes longer than any test waits."""
    return {"messages": [{"role": "user", "content": f"{log(name, 6000)}\n\nWhich?"}], **rest}


def reads(server: Server) -> int:
    return len(list(server.library.folder.store))


def check_idle_soon(server: Server) -> None:
    """Checks that no request is at work and that the model is free: a turn is there at once, and nothing is
    read.
    """
    idle = until(lambda: (server.state.rate_limiter.working, server.state.rate_limiter.waiting) == (0, 0))
    with server.library.turns.take(client=Client("somebody else")):
        pass
    assert idle < SOON_S
    before = reads(server)
    time.sleep(0.3)
    assert reads(server) == before


@pytest.mark.parametrize("stream", [True, False])
def test_a_client_that_leaves_while_its_document_is_read_stops_the_reading(server: Server, stream: bool) -> None:
    before = reads(server)
    with connection(server, long_reading(f"left {stream}", stream=stream)):
        until(lambda: reads(server) > before + 3)
        assert server.state.rate_limiter.working == 1
    check_idle_soon(server)
    assert b"wholedoc_disconnects_total 0.0" not in server.http.get("/metrics").content


@pytest.mark.parametrize("stream", [True, False])
def test_a_client_that_leaves_while_the_answer_is_written_stops_the_writing(
    server: Server, stream: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = []
    generate = Engine.generate

    def slow(*given: Any, **named: Any) -> Iterator[int]:
        for token in generate(*given, **named):
            steps.append(time.monotonic())
            time.sleep(0.02)
            yield token

    monkeypatch.setattr(Engine, "generate", slow)
    with connection(server, {"messages": HELLO, "max_tokens": 1500, "stream": stream, "temperature": 1}):
        until(lambda: len(steps) > 3)
    left = time.monotonic()
    check_idle_soon(server)
    assert steps[-1] - left < 1
    assert len(steps) < 200


def test_a_client_that_leaves_the_queue_is_forgotten(server: Server, settings: Settings) -> None:
    with another(server, settings, concurrency=1) as one:
        with connection(one, long_reading("first", stream=True)) as first:
            until(lambda: one.state.rate_limiter.working)
            with connection(one, {"messages": HELLO}), connection(one, {"messages": HELLO, "stream": True}):
                until(lambda: one.state.rate_limiter.waiting == 2)
            assert until(lambda: one.state.rate_limiter.waiting == 0) < SOON_S
            assert one.state.rate_limiter.working == 1
            first.close()
        check_idle_soon(one)


def test_a_client_that_leaves_while_the_model_loads(
    server: Server, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    loading = threading.Event()
    engine = Library.engine.fget
    assert engine is not None

    def slow(library: Library) -> Engine:
        loading.wait(30)
        made: Engine = engine(library)
        return made

    monkeypatch.setattr(Library, "engine", property(slow))
    library = Library.open(settings=settings)
    library._model = server.library._model
    with running(library) as one:
        assert one.http.get("/health").json()["status"] == "loading"
        assert one.http.get("/ready").status_code == 503
        assert one.http.get("/v1/models").json()["data"][0]["context_window"] is None
        with connection(one, {"messages": HELLO}):
            until(lambda: one.state.rate_limiter.working == 1)
        assert until(lambda: one.state.rate_limiter.working == 0) < SOON_S
        waiting = threading.Timer(0.3, loading.set)
        waiting.start()
        assert one.chat(HELLO).status_code == 200  # who waits is answered when it is there
        assert one.http.get("/health").json()["status"] == "ready"
        assert one.http.get("/ready").status_code == 200


def test_a_model_that_cannot_be_loaded_is_said_so(settings: Settings, tmp_path: Any) -> None:
    from dataclasses import replace

    with running(Library.open(settings=replace(settings, model=str(tmp_path / "secret folder")))) as one:
        until(lambda: one.state.model.phase is Phase.FAILED)
        health = one.http.get("/health")
        assert (health.status_code, health.json()["status"]) == (503, "failed")
        refused = error(one.chat(HELLO), 503)
        assert refused["code"] == "model_unavailable"
        assert "secret" not in refused["message"]
        assert one.upload("a.txt", "Some text.").status_code == 200


def test_a_full_queue_sends_away_and_says_for_how_long(server: Server, settings: Settings) -> None:
    with (
        another(server, settings, queue_limit=2, concurrency=1) as one,
        connection(one, long_reading("queue", stream=True)) as first,
    ):
        until(lambda: one.state.rate_limiter.working == 1)
        with connection(one, {"messages": HELLO}), ThreadPoolExecutor(1) as pool:
            until(lambda: one.state.rate_limiter.waiting == 1)
            with connection(one, {"messages": HELLO}) as second:
                until(lambda: one.state.rate_limiter.waiting == 2)
                refused = one.chat(HELLO)
                assert error(refused, 429)["type"] == "rate_limit_error"
                assert 1 <= int(refused.headers["retry-after"]) <= 120
                health = one.http.get("/health").json()
                assert (health["waiting"], health["working"]) == (2, 1)
                measured = one.http.get("/metrics").text
                assert "wholedoc_waiting_requests 2.0" in measured
                assert "wholedoc_working_requests 1.0" in measured
                # Another user comes in instead of the second request of who has two waiting.
                other = pool.submit(one.chat, HELLO, user="another")
                assert second.recv(100).startswith(b"HTTP/1.1 429 ")
            assert one.state.rate_limiter.waiting == 2
            first.close()
            assert other.result().status_code == 200


def test_a_short_question_does_not_wait_for_a_long_reading(server: Server) -> None:
    with connection(server, long_reading("in the way", stream=True, user="long")):
        until(lambda: server.state.rate_limiter.working == 1)
        started = time.perf_counter()
        assert server.chat(HELLO, user="short").status_code == 200
        assert time.perf_counter() - started < 5
        until(lambda: server.state.rate_limiter.working == 1)
        before = reads(server)
        until(lambda: reads(server) > before)  # it is still being read
    check_idle_soon(server)


def test_the_key_lets_in(server: Server, settings: Settings) -> None:
    with another(server, settings, key="sesame") as one:
        assert one.http.get("/health").status_code == 200
        assert one.http.get("/openapi.json").status_code == 200
        for headers in (
            {},
            {"Authorization": "Bearer wrong"},
            {"Authorization": "Bearer sesame2"},
            {"Authorization": "Bearer"},
            {"Authorization": "sesame"},
            {"Authorization": "Basic sesame"},
            {"Authorization": "Bearer sésame"},
        ):
            raw = {name: value.encode("latin-1") for name, value in headers.items()}
            for path in ("/v1/models", "/v1/files", "/metrics", "/v1/nothing", "/v1"):
                refused = one.http.get(path, headers=raw)
                assert error(refused, 401)["code"] == "invalid_api_key"
                assert refused.headers["www-authenticate"] == "Bearer"
            assert error(one.http.post("/v1/chat/completions", headers=raw, json={"messages": HELLO}), 401)
        for value in ("Bearer sesame", "bearer sesame"):
            with httpx.Client(base_url=one.url, headers={"Authorization": value}) as client:
                assert client.get("/v1/models").status_code == 200
                assert client.get("/metrics").status_code == 200
                assert client.post("/v1/chat/completions", json={"messages": HELLO}).status_code == 200
        assert "sesame" not in one.http.get("/openapi.json").text


def test_a_large_request_is_refused_before_it_is_read(server: Server, settings: Settings) -> None:
    with another(server, settings, request_bytes=50_000) as one:
        assert one.upload("small.txt", "x " * 20_000).status_code == 200
        for response in (
            one.upload("large.txt", "x " * 30_000),
            one.ask("x " * 30_000),
            one.http.post("/v1/chat/completions", content=iter([b"x" * 10_000] * 6)),  # without a length
            one.http.post(
                "/v1/files",
                content=iter(
                    [
                        b'--b\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n',
                        *[b"x" * 10_000] * 6,
                    ]
                ),
                headers={"content-type": "multipart/form-data; boundary=b"},
            ),
        ):
            assert error(response, 413)["code"] == "request_too_large"
        assert one.library.documents()[0].name == "small.txt"
        assert len(one.library.documents()) == 1


def test_web_pages_from_elsewhere_can_send_nothing(server: Server, settings: Settings) -> None:
    own = server.url
    for origin, status in ((own, 200), ("http://evil.example", 403), ("null", 403), ("http://localhost:1", 403)):
        headers = {"Origin": origin}
        files = {"file": ("a.txt", b"From a page.")}
        sent = server.http.post("/v1/files", files=files, data={"purpose": "user_data"}, headers=headers)
        assert sent.status_code == status
        assert "access-control-allow-origin" not in sent.headers
        assert server.http.get("/v1/files", headers=headers).status_code == status
    with another(server, settings, origins=("https://chat.example",), key="sesame") as one:
        wanted = {"Origin": "https://chat.example", "Access-Control-Request-Method": "POST"}
        asked = one.http.options("/v1/chat/completions", headers=wanted)
        assert asked.headers["access-control-allow-origin"] == "https://chat.example"
        headers = {"Origin": "https://chat.example", "Authorization": "Bearer sesame"}
        assert one.http.get("/v1/models", headers=headers).status_code == 200
        assert one.http.get("/v1/models", headers={**headers, "Origin": "https://evil.example"}).status_code == 403


def test_other_names_of_this_machine_are_refused(server: Server, settings: Settings) -> None:
    """A page that gives its own name this machine's address does not get in."""
    from wholedoc.server.serving import Address

    assert not Address("0.0.0.0").is_loopback
    with another(server, settings, hosts=Address().hosts) as one:
        for host, status in (("localhost:80", 200), ("127.0.0.1", 200), ("evil.example", 400), ("", 400)):
            assert one.http.get("/health", headers={"Host": host}).status_code == status


def test_metrics_count_tokens_requests_and_seconds(server: Server, settings: Settings) -> None:
    with another(server, settings) as one:
        text = log("metrics")
        usages = [one.ask(f"{text}\n\nWhich?").json()["usage"] for _ in range(2)]
        one.http.get("/v1/files/nothing")
        one.http.get("/whatever")
        lines = dict(line.rsplit(" ", 1) for line in one.http.get("/metrics").text.splitlines() if line[0] != "#")
        read = usages[1]["prompt_tokens_details"]["cached_tokens"]
        assert float(lines['wholedoc_tokens_total{kind="read"}']) == read
        assert float(lines['wholedoc_tokens_total{kind="cached"}']) == read
        assert float(lines['wholedoc_tokens_total{kind="answer"}']) == 12
        assert lines["wholedoc_first_token_seconds_count"] == "2.0"
        assert float(lines["wholedoc_store_bytes"]) > 0
        chats = 'wholedoc_requests_total{method="POST",route="/v1/chat/completions",status="200"}'
        assert lines[chats] == "2.0"
        assert lines['wholedoc_requests_total{method="GET",route="/v1/files/{file_id}",status="404"}'] == "1.0"
        assert lines['wholedoc_requests_total{method="other",route="other",status="404"}'] == "1.0"


def test_metrics_count_what_the_guard_refuses(server: Server, settings: Settings) -> None:
    """Whatever a stranger names, it becomes no label."""
    from wholedoc.server.serving import Address

    with another(server, settings, hosts=Address().hosts, key="sesame") as one:
        for number in range(3):
            path = f"/v1/files/{number}?x={number}"
            assert one.http.get(path, headers={"Host": f"evil{number}.example"}).status_code == 400
            assert one.http.get(path, headers={"Origin": f"http://evil{number}.example"}).status_code == 403
            assert one.http.get(path).status_code == 401
        measured = one.http.get("/metrics", headers={"Authorization": "Bearer sesame"}).text
    for status in (400, 401, 403):
        line = f'wholedoc_requests_total{{method="other",route="other",status="{status}"}} 3.0'
        assert line in measured.splitlines()
    assert "evil" not in measured
