"""A writer that another program runs, against a real server on this machine that is well or badly behaved."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from parallelcomp import Cancelled, Sampling
from wholedoc.errors import WriterError
from wholedoc.writers.remote import KEY, RemoteWriter, is_address
from wholedoc.writers.writer import Message, Written

ASKED = [Message("system", "Be brief."), Message("user", "Who?")]


def event(text: str | None = None, finish: str | None = None) -> bytes:
    delta = {} if text is None else {"content": text}
    return f"data: {json.dumps({'choices': [{'delta': delta, 'finish_reason': finish}]})}\n\n".encode()


WELL = [event(), event("Ada"), event(" Love"), event("lace."), event(None, "stop"), b"data: [DONE]\n\n"]


class Program:
    """What the server does: `answer` is a list of pieces to send, or a function that does it all.

    `heard` is what it was told.
    """

    def __init__(self, answer: Any = WELL, models: list[str] | None = None) -> None:
        self.answer, self.models = answer, models or ["only"]
        self.heard: list[dict[str, Any]] = []
        self.headers: list[Any] = []
        self.broken = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: Any) -> None: ...

            def do_GET(self) -> None:
                body = json.dumps({"data": [{"id": name} for name in outer.models]}).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_POST(self) -> None:
                outer.headers.append(self.headers)
                outer.heard.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                if callable(outer.answer):
                    outer.answer(self)
                    return
                self.send_response(200)
                self.send_header("Content-Type", "text/event-stream")
                self.end_headers()
                for piece in outer.answer:
                    self.wfile.write(piece)

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/v1"


Run = Callable[..., Program]
# Ends a line for much that splits text into lines, and not in a stream of events.
ODD = "one\u2028data: [DONE]\x85two\u2029three\x0b\x0c"


@pytest.fixture
def run() -> Iterator[Run]:
    """Start programs that end with the test."""
    started: list[Program] = []

    def make(*arguments: Any, **named: Any) -> Program:
        program = Program(*arguments, **named)
        started.append(program)
        threading.Thread(target=program.server.serve_forever, daemon=True).start()
        return program

    yield make
    for program in started:
        program.server.shutdown()
        program.server.server_close()


def ended(writer: RemoteWriter, **named: Any) -> tuple[list[str], Written]:
    work = writer.write(ASKED, Sampling(max_new_tokens=7), **named)
    pieces: list[str] = []
    while True:
        try:
            pieces.append(next(work))
        except StopIteration as stop:
            return pieces, stop.value


def test_the_text_comes_in_pieces_and_the_program_hears_what_it_needs(run: Run) -> None:
    program = run()
    pieces, written = ended(RemoteWriter(f"{program.url}#llama3.1"))
    assert pieces == ["Ada", " Love", "lace."]
    assert written == Written(3, cut_short=False)
    (heard,) = program.heard
    assert heard["model"] == "llama3.1"
    assert heard["messages"] == [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Who?"}]
    assert (heard["stream"], heard["max_tokens"], heard["temperature"]) == (True, 7, 0)
    assert "top_p" not in heard  # greedy: some programs refuse both


def test_odd_line_ends_in_a_text_end_no_event(run: Run) -> None:
    raw = (
        event(ODD).decode().encode().replace(json.dumps(ODD).encode(), json.dumps(ODD, ensure_ascii=False).encode())
    )
    assert "\u2028".encode() in raw
    halves = [raw[:40], raw[40:], event(None, "stop"), b"data: [DONE]\n\n"]
    pieces, _ = ended(RemoteWriter(run(halves).url))
    assert pieces == [ODD]


def test_an_answer_that_reached_its_limit_says_so(run: Run) -> None:
    program = run([event("Ada"), event(None, "length"), b"data: [DONE]\n\n"])
    assert ended(RemoteWriter(f"{program.url}#m"))[1] == Written(1, cut_short=True)


def test_the_only_model_needs_no_name_and_several_do(run: Run) -> None:
    program = run(models=["solo"])
    "".join(RemoteWriter(program.url).write(ASKED, Sampling()))
    assert program.heard[0]["model"] == "solo"
    with pytest.raises(WriterError, match=r"several models or none \(one, two\): name one behind a #"):
        "".join(RemoteWriter(run(models=["one", "two"]).url).write(ASKED, Sampling()))


def test_a_key_is_sent_only_if_there_is_one(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    program = run()
    "".join(RemoteWriter(f"{program.url}#m").write(ASKED, Sampling()))
    monkeypatch.setenv(KEY, "secret")
    "".join(RemoteWriter(f"{program.url}#m").write(ASKED, Sampling()))
    assert [headers.get("Authorization") for headers in program.headers] == [None, "Bearer secret"]


def refuse(status: int, body: bytes) -> Callable[[BaseHTTPRequestHandler], None]:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (
            refuse(404, b'{"error": {"message": "model llama9 not found"}}'),
            "refused with 404: model llama9 not found",
        ),
        (refuse(500, b'{"error": "out of memory"}'), "refused with 500: out of memory"),
        (refuse(401, b""), "refused with 401: it says no more"),
        (refuse(200, b"<html>a login page</html>"), "does not speak OpenAI's protocol"),
        ([b"data: not json\n\n"], "does not speak OpenAI's protocol"),
        ([event("A"), b'data: {"error": {"message": "crashed"}}\n\n'], "failed: .*crashed"),
    ],
)
def test_what_a_program_does_wrong_is_one_sentence(run: Run, answer: Any, said: str) -> None:
    with pytest.raises(WriterError, match=said):
        "".join(RemoteWriter(f"{run(answer).url}#m").write(ASKED, Sampling()))


def test_nobody_there_is_one_sentence() -> None:
    with pytest.raises(WriterError, match=r"no program answers at http://127\.0\.0\.1:9/v1: start it"):
        "".join(RemoteWriter("http://127.0.0.1:9/v1#m").write(ASKED, Sampling()))


def test_a_program_that_falls_silent_is_given_up(run: Run) -> None:
    held = threading.Event()
    program = run(lambda handler: held.wait(20))
    try:
        with pytest.raises(WriterError, match="was silent for 0 s"):
            "".join(RemoteWriter(f"{program.url}#m", silent_s=0.2).write(ASKED, Sampling()))
    finally:
        held.set()


def test_a_stop_need_not_wait_for_the_next_piece(run: Run) -> None:
    """The program has sent one piece and is silent. The connection is closed, so that it can stop too."""
    closed, said = threading.Event(), threading.Event()

    def slow(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(event("Ada"))
        said.wait(20)
        try:
            for _ in range(200):
                handler.wfile.write(event("x" * 10_000))
                time.sleep(0.01)
        except OSError:
            closed.set()

    program = run(slow)
    stopped = threading.Event()
    work = RemoteWriter(f"{program.url}#m").write(ASKED, Sampling(), stopped.is_set)
    assert next(work) == "Ada"
    stopped.set()
    with pytest.raises(Cancelled):
        next(work)
    said.set()
    assert closed.wait(20)


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("http://127.0.0.1:1/v1", None),
        ("http://localhost:1/v1", None),
        ("http://[::1]:1/v1", None),
        ("http://192.168.1.7:1/v1", "192.168.1.7"),
        ("https://api.example.org/v1#m", "api.example.org"),
        ("http://localhost.example.org/v1", "localhost.example.org"),
    ],
)
def test_what_leaves_this_machine_is_known(address: str, host: str | None) -> None:
    assert RemoteWriter(address).sends_to == host


def test_addresses_and_models_are_told_apart() -> None:
    assert is_address("http://127.0.0.1:11434/v1#llama3.1")
    assert not is_address("Qwen/Qwen3-8B")
    with pytest.raises(WriterError, match="is no address"):
        RemoteWriter("http:///v1")
