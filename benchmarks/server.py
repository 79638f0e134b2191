"""The server: what it adds to the engine's first token, and whether it stays quick while it reads."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from wholedoc.storage.home import VARIABLE

from .library import share_models
from .report import Report
from .sample import REGISTER, SAMPLES, sample_questions

NOTICE = SAMPLES / "short_notice.pdf"
HEALTH_PER_SECOND = 200
CONNECTIONS = 20


def run(quick: bool, arguments: Sequence[str] = ()) -> Report:
    """First tokens of the sample questions; then health checks while the register is read for the first time.

    `arguments` are options for `wholedoc serve`.
    """
    report = Report("server-quick" if quick else "server")
    with _library() as folder, _server(folder, arguments) as port:
        for path in (NOTICE,) if quick else (NOTICE, REGISTER):
            _first_tokens(report, port, path)
    with _library() as folder, _server(folder, arguments) as port:  # another, where the register is new
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
def _library() -> Iterator[Path]:
    """An empty library beside the models of this machine."""
    with tempfile.TemporaryDirectory(prefix="wholedoc-bench-") as folder:
        share_models(Path(folder))
        yield Path(folder)


@contextmanager
def _server(folder: Path, arguments: Sequence[str]) -> Iterator[int]:
    """A running server whose model is loaded; its port."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "wholedoc", "serve", "--no-ui", "--port", str(port), *arguments],
        env={**os.environ, VARIABLE: str(folder)},
        stdout=subprocess.DEVNULL,
    )
    try:
        while not _ready(port):
            if process.poll() is not None:
                raise RuntimeError(f"the server ended with exit code {process.returncode}")
            time.sleep(0.1)
        yield port
    finally:
        process.send_signal(signal.SIGINT)
        process.wait()


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
    """The pieces of an answer as they come."""
    connection = _connect(port)
    body = json.dumps({"messages": messages, "stream": True, "max_tokens": 8})
    connection.request("POST", "/v1/chat/completions", body, {"Content-Type": "application/json"})
    with connection.getresponse() as answer:
        for line in answer:
            if line.startswith(b"data: {"):
                yield json.loads(line.removeprefix(b"data: "))
    connection.close()


def _upload(port: int, path: Path) -> str:
    """Put a file on the server's shelf; its id."""
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
    """Questions about a document that has been read, in milliseconds; by its id, and as a text sent anew."""
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
    """The document's text, long enough to be taken for a document."""
    from wholedoc.documents.extraction import read_document

    text = read_document(path).text
    return "\n\n".join([text] * (1 + 8000 // len(text)))


def _timed(port: int, messages: list[dict[str, Any]]) -> tuple[float, float]:
    """Milliseconds to the first piece with text, as the client sees it, and as the engine does."""
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
    """While a document is read; whoever asked goes away at the end."""
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
    """Health checks at a fixed rate, whatever becomes of those before."""
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
