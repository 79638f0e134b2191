"""Measures what the server adds to the engine's first token, and how fast it answers while it reads."""

from __future__ import annotations

import http.client
import json
import statistics
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from wholedoc.documents.extraction import read_document

from ..home import temporary_home
from ..report import Report
from ..sample import REGISTER, SAMPLES, sample_questions
from .served import served

NOTICE = SAMPLES / "short_notice.pdf"
HEALTH_PER_SECOND = 200
CONNECTIONS = 20


def run(quick: bool, arguments: Sequence[str] = ()) -> Report:
    """Time first tokens of the sample questions, then health checks while the register is read for the first time.

    `arguments` are options of `wholedoc serve`.
    """
    report = Report("server-quick" if quick else "server")
    with _server(arguments) as port:
        for path in (NOTICE,) if quick else (NOTICE, REGISTER):
            _first_tokens(report, port, path)
    with _server(arguments) as port:  # a new library, which has not read the register
        _health(report, port, 3 if quick else 10, "a health check while nothing else happens")
        with _reading(port, REGISTER):
            _health(report, port, 10 if quick else 40, "a health check while the register is read")
    report.notes.append(
        "what the server adds is the client's time from sending the question to the first piece with text, less "
        "what the engine took for that token (timings.first_token_ms): both within one request"
    )
    report.notes.append(
        f"health checks are due every {1000 / HEALTH_PER_SECOND:g} ms over {CONNECTIONS} kept connections, and "
        "each is timed from when it was due, so that one that is late makes no later one look early"
    )
    return report


@contextmanager
def _server(arguments: Sequence[str]) -> Iterator[int]:
    """Run a server with an empty library; yield its port once its model is loaded."""
    with (
        temporary_home() as folder,
        served(folder, _ready, "serve", "--no-ui", *arguments, stdout=subprocess.DEVNULL) as running,
    ):
        yield running.port


def _ready(port: int) -> bool:
    try:
        return bool(json.loads(_get(_connect(port), "/health"))["status"] == "ready")
    except OSError:
        return False


def _connect(port: int) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", port, timeout=600)


def _get(connection: http.client.HTTPConnection, path: str) -> bytes:
    connection.request("GET", path)
    return connection.getresponse().read()


def _stream(port: int, messages: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Ask, and yield the pieces of the answer as they arrive."""
    connection = _connect(port)
    body = json.dumps({"messages": messages, "stream": True, "max_tokens": 8})
    connection.request("POST", "/v1/chat/completions", body, {"Content-Type": "application/json"})
    with connection.getresponse() as answer:
        for line in answer:
            if line.startswith(b"data: {"):
                yield json.loads(line.removeprefix(b"data: "))
    connection.close()


def _upload(port: int, path: Path) -> str:
    """Upload a file, and return its id."""
    parts = [
        b'--part\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nuser_data\r\n',
        f'--part\r\nContent-Disposition: form-data; name="file"; filename="{path.name}"\r\n\r\n'.encode(),
        path.read_bytes(),
        b"\r\n--part--\r\n",
    ]
    connection = _connect(port)
    kind = {"Content-Type": "multipart/form-data; boundary=part"}
    connection.request("POST", "/v1/files", b"".join(parts), kind)
    uploaded = json.loads(connection.getresponse().read())
    connection.close()
    return str(uploaded["id"])


def _first_tokens(report: Report, port: int, path: Path) -> None:
    """Add the milliseconds to the first token of questions about a read document, by its id and sent as text."""
    id = _upload(port, path)
    questions = [one.text for one in sample_questions(path.name)][:8]
    text = _text(path)
    by_id = [{"type": "file", "file": {"file_id": id}}]
    for how, parts in (("by its id", by_id), ("sent as text", [{"type": "text", "text": text}])):
        asked = [[{"role": "user", "content": [*parts, {"type": "text", "text": one}]}] for one in questions]
        for _ in _stream(port, asked[0]):  # reads the document
            pass
        timed = [_timed(port, messages) for messages in asked]
        added = [client - engine for client, engine in timed]
        report.add(
            figure="added to the first token",
            document=path.name,
            sent=how,
            questions=len(added),
            engine_median_ms=statistics.median(engine for _, engine in timed),
            median_ms=statistics.median(added),
            slowest_ms=max(added),
        )


def _text(path: Path) -> str:
    """Return the document's text, repeated until the server recognises it as a document by its length."""
    text = read_document(path).text
    return "\n\n".join([text] * (1 + 8000 // len(text)))


def _timed(port: int, messages: list[dict[str, Any]]) -> tuple[float, float]:
    """Return the milliseconds to the first piece with text, by the client's clock and by the engine's."""
    started = time.perf_counter()
    first: float | None = None
    engine = 0.0
    for piece in _stream(port, messages):
        if first is None and any(choice["delta"].get("content") for choice in piece["choices"]):
            first = time.perf_counter() - started
        if "timings" in piece:
            engine = piece["timings"]["first_token_ms"]
    assert first is not None
    return 1000 * first, engine


@contextmanager
def _reading(port: int, path: Path) -> Iterator[None]:
    """Keep the server reading a document for the length of the block; the client disconnects at its end."""
    id = _upload(port, path)
    content = [{"type": "file", "file": {"file_id": id}}, {"type": "text", "text": "When?"}]
    pieces = _stream(port, [{"role": "user", "content": content}])
    progress = (piece["prompt_progress"] for piece in pieces if "prompt_progress" in piece)
    told = next(one for one in progress if one["processed"] > one["cache"])
    assert told["phase"] == "reading"
    yield
    told = next(progress)
    assert told["phase"] == "reading", "the register was read too soon for this measurement"


def _health(report: Report, port: int, seconds: int, figure: str) -> None:
    """Time health checks for `seconds`, at a fixed rate that does not wait for earlier ones to be answered."""
    late: list[float] = []
    started = time.perf_counter() + 0.1

    def check(number: int) -> None:
        connection = _connect(port)
        for due in range(number, HEALTH_PER_SECOND * seconds, CONNECTIONS):
            at = started + due / HEALTH_PER_SECOND
            time.sleep(max(at - time.perf_counter(), 0))
            _get(connection, "/health")
            late.append(1000 * (time.perf_counter() - at))
        connection.close()

    threads = [threading.Thread(target=check, args=(number,)) for number in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ranked = sorted(late)
    report.add(
        figure=figure,
        checks=len(ranked),
        per_second=HEALTH_PER_SECOND,
        median_ms=statistics.median(ranked),
        p99_ms=ranked[int(len(ranked) * 0.99)],
        slowest_ms=ranked[-1],
    )
