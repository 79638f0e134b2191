"""Measures hours of mixed load with kills of the server in between: nothing lost, nothing mixed, memory flat."""

from __future__ import annotations

import os
import statistics
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import patch

import httpx

from ..home import temporary_home
from ..report import Report
from .load import SENTENCES, Book, LoadClient
from .memory import Part, memory, parts
from .serving import serving
from .slope import slope

CLIENTS = 8


@dataclass(frozen=True)
class Length:
    """How long the load lasts, how long each process lives before it is killed, and how often it is looked at.

    The first `warm_up_s` seconds of a process are left out of the slopes: it loads the writer then, and its caches
    fill. `sentences` are the lengths of the documents.
    """

    seconds: float
    life_s: float
    sample_s: float
    warm_up_s: float
    sentences: tuple[int, int] = SENTENCES


HOUR = Length(seconds=3600, life_s=1200, sample_s=5, warm_up_s=600)
QUICK = Length(seconds=70, life_s=35, sample_s=1, warm_up_s=10, sentences=(5, 20))


@dataclass(frozen=True)
class Sample:
    """A server at one moment, in seconds since it was ready, bytes, and numbers of files."""

    second: float
    anonymous: int
    mapped: int
    descriptors: int
    temporary: int


@dataclass
class Soak:
    """What is going on: where the server is, what was seen of its lives, and its memory at the end of each."""

    url: str = ""
    book: Book = field(default_factory=Book)
    lives: list[list[Sample]] = field(default_factory=list)
    parts: list[dict[Part, int]] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)


def run(quick: bool, arguments: Sequence[str] = ()) -> Report:
    """Load a server, kill it again and again, and look after each restart for what had been acknowledged."""
    length = QUICK if quick else HOUR
    report = Report("soak-quick" if quick else "soak")
    soak = Soak()
    stopped = threading.Event()
    with temporary_home() as folder, ThreadPoolExecutor(CLIENTS) as pool:
        temporary = folder / "temporary"
        temporary.mkdir()
        clients = [LoadClient(number, lambda: soak.url, soak.book, length.sentences) for number in range(CLIENTS)]
        working: list[Future[None]] = []
        try:
            with patch.dict(os.environ, {"TMPDIR": str(temporary)}):
                end = time.monotonic() + length.seconds
                while time.monotonic() < end:
                    with serving(folder, *arguments) as (server, client):
                        soak.url = server.url
                        _look_for_lost(soak, client)
                        working = working or [pool.submit(one.work, stopped) for one in clients]
                        _live(soak, server.process.pid, temporary, length, end)
                        server.process.kill()
                        server.process.wait()
                stopped.set()
                with serving(folder, *arguments) as (server, client):
                    soak.url = server.url
                    for one in working:
                        one.result()
                    _look_for_lost(soak, client)
        finally:
            stopped.set()
    _tell(report, soak, length)
    return report


def _live(soak: Soak, process: int, temporary: Path, length: Length, end: float) -> None:
    """Sample a process until it is its time to die."""
    soak.lives.append([])
    started = time.monotonic()
    while time.monotonic() < min(end, started + length.life_s):
        now = memory(process)
        descriptors = len(os.listdir(f"/proc/{process}/fd"))
        files = sum(len(names) for _, _, names in os.walk(temporary))
        soak.lives[-1].append(Sample(time.monotonic() - started, now.anonymous, now.mapped, descriptors, files))
        time.sleep(length.sample_s)
    soak.parts.append(parts(process))


def _look_for_lost(soak: Soak, client: httpx.Client) -> None:
    """Note every acknowledged document that is not there, or is another."""
    for id, content in list(soak.book.kept.items()):
        answer = client.get(f"/v1/files/{id}/content")
        still = id in soak.book.kept  # or its client has removed it meanwhile
        if still and (answer.status_code, answer.content) != (200, content):
            soak.lost.append(f"{id}: {answer.status_code}")


def _tell(report: Report, soak: Soak, length: Length) -> None:
    book = soak.book
    report.add(
        clients=CLIENTS,
        seconds=length.seconds,
        kills=len(soak.lives),
        **{name.replace(" ", "_"): count for name, count in sorted(book.done.items())},
        documents_at_the_end=len(book.kept),
        lost=len(soak.lost),
        mixed_or_failed=len(book.wrong),
        answer_median_s=statistics.median(book.seconds) if book.seconds else None,
    )
    for name in ("anonymous", "mapped", "descriptors", "temporary"):
        points = [
            [(one.second, float(getattr(one, name))) for one in life if one.second >= length.warm_up_s]
            for life in soak.lives
        ]
        unit = 1e6 if name in ("anonymous", "mapped") else 1.0
        grown = slope(points)
        report.add(
            figure=name + (" memory, MB" if unit > 1 else " files"),
            median=statistics.median([y for life in points for _, y in life] or [0.0]) / unit,
            most=max([y for life in points for _, y in life] or [0.0]) / unit,
            growth_per_hour=None if grown.per_second is None else grown.per_second * 3600 / unit,
            error_per_hour=None if grown.error is None else grown.error * 3600 / unit,
        )
    for part in Part:
        sizes = [held[part] / 1e6 for held in soak.parts]
        report.add(memory_at_the_end_of_a_life=part.value, median_mb=statistics.median(sizes), most_mb=max(sizes))
    report.notes += [f"lost: {one}" for one in soak.lost] + [f"wrong: {one}" for one in book.wrong[:20]]
    report.notes.append(
        f"growth is one slope over all lives of the server without their first {length.warm_up_s:g} s; its error "
        "is that of independent samples"
    )
