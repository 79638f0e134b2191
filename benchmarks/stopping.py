"""How long it takes to stop: Ctrl-C on the command line, and a caller's cancellation, at random moments."""

from __future__ import annotations

import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from parallelcomp import Cancelled
from wholedoc.library import Library
from wholedoc.settings import Settings
from wholedoc.storage.chunk_store import ChunkStore
from wholedoc.storage.home import VARIABLE

from .library import share_models
from .report import Report
from .sample import REGISTER


def run(quick: bool) -> Report:
    """Seconds from the signal to the end, while the register is read."""
    report = Report("stopping-quick" if quick else "stopping")
    trials = 3 if quick else 10
    chance = random.Random(2)
    for name, stop in (("Ctrl-C on the command line", _interrupt), ("cancelled by a caller", _cancel)):
        seconds = []
        for _ in range(trials):
            with tempfile.TemporaryDirectory(prefix="wholedoc-bench-") as folder:
                share_models(Path(folder))
                seconds.append(stop(Path(folder), chance.uniform(0, 2)))
        report.add(figure=name, trials=trials, median_s=statistics.median(seconds), slowest_s=max(seconds))
    return report


def _interrupt(folder: Path, delay: float) -> float:
    """Seconds from SIGINT to the end of the process, `delay` after the first chunk was read."""
    # A shell's background jobs ignore Ctrl-C, and what they start does too.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen(
        [sys.executable, "-m", "wholedoc", "add", str(REGISTER)],
        env={**os.environ, VARIABLE: str(folder)},
        stderr=subprocess.DEVNULL,
    )
    store = ChunkStore(folder / "kv")
    while not any(True for _ in store):
        time.sleep(0.02)
    time.sleep(delay)
    process.send_signal(signal.SIGINT)
    started = time.perf_counter()
    process.wait()
    return time.perf_counter() - started


def _cancel(folder: Path, delay: float) -> float:
    """Seconds from setting the event to Cancelled in the reading thread."""
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
