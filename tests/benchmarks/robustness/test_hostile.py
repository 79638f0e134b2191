"""The quick form of the attacks, on a server in this process that closes slow clients sooner."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import uvicorn

pytest.importorskip("fastapi")

import httpx
from benchmarks.robustness import hostile
from benchmarks.robustness.large_files import LARGE_FILES
from benchmarks.robustness.memory import growth

from wholedoc import Library, Settings
from wholedoc.documents.extraction import read_document
from wholedoc.server.guarding import slow_clients
from wholedoc.server.guarding.slow_clients import ImpatientProtocol

from ...app.server.serving import running

pytestmark = pytest.mark.embedded


def test_memory_that_is_taken_and_given_back_is_told_from_what_stays() -> None:
    """Of a small process: one with large files that are mapped loses some of their memory at any moment."""
    program = "for line in open(0):\n    held = bytearray(b'x' * int(line))\n    print('done', flush=True)"
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:

        def hold(size: int) -> None:
            assert child.stdin is not None
            assert child.stdout is not None
            child.stdin.write(f"{size}\n")
            child.stdin.flush()
            assert child.stdout.readline() == "done\n"

        hold(1)
        with growth(child.pid) as taken:
            hold(50_000_000)
            hold(1)
        with growth(child.pid) as kept:
            hold(50_000_000)
    assert taken.peak > 40_000_000
    assert taken.after < 20_000_000
    assert kept.after > 40_000_000


@pytest.mark.parametrize("protocol", [ImpatientProtocol, "h11"])
def test_the_quick_form(roomy_model: Path, monkeypatch: pytest.MonkeyPatch, protocol: Any) -> None:
    """A server with the framework's own protocol, which waits for ever, is found out."""
    monkeypatch.setattr(slow_clients, "INTERVAL_S", 0.4)
    monkeypatch.setattr(hostile, "CONNECTIONS", 12)
    monkeypatch.setattr(hostile, "JSON_BYTES", 2_000_000)
    monkeypatch.setattr(hostile, "QUICK_FILE_BYTES", 100_000)
    monkeypatch.setattr(hostile, "GIVEN_UP_S", 20.0 if protocol is ImpatientProtocol else 2.0)
    plain = uvicorn.Config
    monkeypatch.setattr(uvicorn, "Config", lambda *given, **named: plain(*given, http=protocol, **named))

    @contextmanager
    def serving(_folder: Path) -> Iterator[Any]:
        with running(Library.open(settings=Settings(model=str(roomy_model)))) as one:
            one.wait_ready()
            port = int(one.url.rsplit(":", 1)[1])
            with httpx.Client(base_url=one.url, timeout=60) as client:
                yield SimpleNamespace(port=port, process=SimpleNamespace(pid=os.getpid())), client

    monkeypatch.setattr(hostile, "temporary_home", lambda: nullcontext(Path()))
    monkeypatch.setattr(hostile, "serving", serving)
    report = hostile.run(quick=True)
    attacks = [row for row in report.rows if "attack" in row]
    assert [row["attack"] for row in attacks] == ["with a question"] * 2 + ["values"]
    assert attacks[-1]["status"] == 400
    assert all(row["status"] in (200, 400) and row["peak_mb"] >= 0 for row in attacks[:2])
    (file,) = (row for row in report.rows if "file" in row)
    assert (file["status"], file["text_mb"]) == (200, 0.1)
    (slow,) = (row for row in report.rows if "slow_connections" in row)
    if protocol is ImpatientProtocol:
        assert slow["closed"] == 12
        assert 0.4 <= slow["first_closed_s"] <= slow["last_closed_s"] < 20
    else:
        assert slow["closed"] == 0
    assert 0 < slow["health_median_ms"] <= slow["health_slowest_ms"]


@pytest.mark.parametrize("name", LARGE_FILES)
def test_a_large_file_has_the_text_that_it_promises(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(LARGE_FILES[name](100_000))
    document = read_document(path)
    assert 70_000 < len(document.text) < 150_000
    assert document.text.count("crates") > 1000
