"""Measures what requests can take of the server's memory, slow connections of its time, and hostile files."""

from __future__ import annotations

import json
import socket
import statistics
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack

import httpx

from wholedoc.server.state import JSON_BYTES

from ..home import temporary_home
from ..report import Report
from ..speed.served import Served
from .hostile_files import FILES, QUICK_FILES, add_files
from .large_files import LARGE_FILES
from .memory import growth
from .serving import serving

JSON = {"content-type": "application/json"}
# Beside the text of a body there is no more JSON than this, in bytes.
MARGIN = 1000
# The text of large files, in bytes.
FILE_BYTES, QUICK_FILE_BYTES = 50_000_000, 2_000_000
CONNECTIONS = 200
# What a slow client sends before it stops: nothing, half a head, half a body, half a file.
BEGINNINGS = (
    b"",
    b"GET /health HTTP/1.1\r\nHost: loc",
    b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n{",
    b"POST /v1/files HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n"
    b"Content-Type: multipart/form-data; boundary=b\r\n\r\n--b",
)
# A slow connection that is not closed after so many seconds never will be.
GIVEN_UP_S = 60.0


def run(quick: bool, arguments: Sequence[str] = ()) -> Report:
    """Send bodies of several sizes and forms, open slow connections, and read hostile files.

    `arguments` are of `wholedoc serve`.
    """
    report = Report("hostile-quick" if quick else "hostile")
    sizes = (1_000_000, JSON_BYTES - MARGIN) if quick else (1_000_000, 4_000_000, 8_000_000, JSON_BYTES - MARGIN)
    with temporary_home() as folder, serving(folder, *arguments) as (server, client):
        _ask(client, _words(10))  # what only the first request takes
        for name in ("with a question",) if quick else ATTACKS:
            for size in sizes:
                _attack(report, server, client, name, size)
        _attack(report, server, client, "values", JSON_BYTES - MARGIN)
        for name in ("large.csv",) if quick else LARGE_FILES:
            _upload(report, server, client, name, QUICK_FILE_BYTES if quick else FILE_BYTES)
        _slow(report, server, client)
    add_files(report, QUICK_FILES if quick else FILES)
    report.notes.append(
        "peak_mb is by how much resident memory grew at the most (VmHWM), after_mb by how much the process's own "
        "memory (RssAnon) had grown when nothing was at work any more"
    )
    return report


def _words(size: int) -> bytes:
    return _message(b"a b c d " * (size // 8))


def _one_word(size: int) -> bytes:
    return _message(b"a" * size)


def _control_signs(size: int) -> bytes:
    return _message(b"\\u0001" * (size // 6))


def _with_a_question(size: int) -> bytes:
    """One rare character makes every character take four bytes; the question must be cut off."""
    return _message("😀".encode() + b"a b c d " * (size // 8) + b"\\n\\nWhich?")


def _values(size: int) -> bytes:
    return b'{"messages": [' + b"[]," * (size // 3) + b"[]]}"


def _in_base64(size: int) -> bytes:
    file = {"type": "file", "file": {"filename": "a.txt", "file_data": "YSBi" * (size // 4)}}
    parts = [file, {"type": "text", "text": "Which?"}]
    return json.dumps({"messages": [{"role": "user", "content": parts}]}).encode()


def _message(text: bytes) -> bytes:
    return b'{"max_tokens": 2, "messages": [{"role": "user", "content": "' + text + b'"}]}'


ATTACKS: dict[str, Callable[[int], bytes]] = {
    "words": _words,
    "one word": _one_word,
    "control signs": _control_signs,
    "with a question": _with_a_question,
    "in base64": _in_base64,
    "values": _values,
}


def _attack(report: Report, server: Served, client: httpx.Client, name: str, size: int) -> None:
    """Add what the server's memory grew by, and what it answered. A document that fits is stopped at its start."""
    body = ATTACKS[name](size)
    started = time.perf_counter()
    with growth(server.process.pid) as grown:
        status = _ask(client, body)
        seconds = time.perf_counter() - started
        while client.get("/health").json()["working"]:  # a document that fits is no longer read
            time.sleep(0.05)
    report.add(
        attack=name,
        megabytes=len(body) / 1e6,
        status=status,
        seconds=seconds,
        peak_mb=grown.peak / 1e6,
        after_mb=grown.after / 1e6,
    )


def _upload(report: Report, server: Served, client: httpx.Client, name: str, size: int) -> None:
    """Add what the server's memory grew by while a large file became a document, which is removed again."""
    content = LARGE_FILES[name](size)
    started = time.perf_counter()
    with growth(server.process.pid) as grown:
        answer = client.post("/v1/files", files={"file": (name, content)}, data={"purpose": "user_data"})
    report.add(
        file=name,
        megabytes=len(content) / 1e6,
        text_mb=size / 1e6,
        status=answer.status_code,
        seconds=time.perf_counter() - started,
        peak_mb=grown.peak / 1e6,
        after_mb=grown.after / 1e6,
    )
    if answer.is_success:
        client.delete(f"/v1/files/{answer.json()['id']}").raise_for_status()


def _ask(client: httpx.Client, body: bytes) -> int:
    """Return the status of the answer. Streams are left when they begin, as a document that fits takes minutes."""
    streamed = b'{"stream": true, ' + body.lstrip(b"{")
    with client.stream("POST", "/v1/chat/completions", content=streamed, headers=JSON) as answer:
        return answer.status_code


def _slow(report: Report, server: Served, client: httpx.Client) -> None:
    """Add when slow connections were closed, and how long health checks of a stranger took meanwhile."""
    with ExitStack() as stack:
        opened = []
        started = time.perf_counter()
        for index in range(CONNECTIONS):
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", server.port)))
            connection.sendall(BEGINNINGS[index % len(BEGINNINGS)])
            connection.setblocking(False)
            opened.append(connection)
        closed: list[float] = []
        served: list[float] = []
        while opened and time.perf_counter() - started < GIVEN_UP_S:
            asked = time.perf_counter()
            client.get("/health").raise_for_status()
            served.append(time.perf_counter() - asked)
            still = [one for one in opened if _is_open(one)]
            closed += [time.perf_counter() - started] * (len(opened) - len(still))
            opened = still
            time.sleep(0.1)
    report.add(
        slow_connections=CONNECTIONS,
        closed=len(closed),
        first_closed_s=min(closed, default=None),
        last_closed_s=max(closed, default=None),
        health_median_ms=statistics.median(served) * 1e3,
        health_slowest_ms=max(served) * 1e3,
    )


def _is_open(connection: socket.socket) -> bool:
    """Read what has come, and return whether more may."""
    try:
        return bool(connection.recv(10_000))
    except BlockingIOError:
        return True
    except ConnectionError:
        return False
