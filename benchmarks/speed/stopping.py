"""Measures how long a reading takes to stop at a random moment: by Ctrl-C, and cancelled by a caller."""

from __future__ import annotations

import random
import signal
import statistics
import subprocess
import threading
import time
from pathlib import Path

from parallelcomp import Cancelled
from wholedoc.library import Library
from wholedoc.settings import Settings
from wholedoc.storage.chunks.chunk_store import ChunkStore

from ..home import start, temporary_home
from ..report import Report
from ..sample import REGISTER


def run(quick: bool) -> Report:
    """Measure the seconds from the signal to the end of a reading of the register."""
    report = Report("stopping-quick" if quick else "stopping")
    trials = 3 if quick else 10
    chance = random.Random(2)
    for name, stop in (("Ctrl-C on the command line", _interrupt), ("cancelled by a caller", _cancel)):
        seconds = []
        for _ in range(trials):
            with temporary_home() as folder:
                seconds.append(stop(folder, chance.uniform(0, 2)))
        report.add(figure=name, trials=trials, median_s=statistics.median(seconds), slowest_s=max(seconds))
    return report


def _interrupt(folder: Path, delay: float) -> float:
    """Send SIGINT `delay` seconds after the first chunk was read; return the seconds until the process ends."""
    # A shell lets its background jobs ignore Ctrl-C, and their children inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    process = start(folder, "add", str(REGISTER), stderr=subprocess.DEVNULL)
    store = ChunkStore(folder / "kv")
    while not any(True for _ in store):
        time.sleep(0.02)
    time.sleep(delay)
    process.send_signal(signal.SIGINT)
    started = time.perf_counter()
    process.wait()
    return time.perf_counter() - started


def _cancel(folder: Path, delay: float) -> float:
    """Cancel 1 + `delay` seconds after reading began; return the seconds until the reading thread has ended."""
    library = Library.open(folder, Settings())
    document = library.parse(REGISTER)
    _ = library.engine
    event, ended = threading.Event(), threading.Event()

    def reading() -> None:
        try:
            for _ in library.read(document, event.is_set):
                pass
        except Cancelled:
            ended.set()

    thread = threading.Thread(target=reading)
    thread.start()
    time.sleep(1 + delay)
    event.set()
    started = time.perf_counter()
    thread.join()
    assert ended.is_set()
    return time.perf_counter() - started
