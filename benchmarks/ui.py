"""The browser app: how soon its port answers and its page is there, and whether it stays quick while it reads."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from wholedoc.storage.home import VARIABLE

from .library import share_models
from .report import Report
from .sample import REGISTER

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
FLAGS += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
# Longest gaps between two frames that the page draws, in milliseconds, while somebody types.
FRAMES = """async seconds => {
  const gaps = [];
  const end = performance.now() + seconds * 1000;
  for (let last = performance.now(); last < end; ) {
    const now = await new Promise(requestAnimationFrame);
    gaps.push(now - last);
    last = now;
  }
  return gaps;
}"""


def run(quick: bool) -> Report:
    """Start-up and first paint; then requests and frames while the register is read for the first time."""
    report = Report("ui-quick" if quick else "ui")
    with tempfile.TemporaryDirectory(prefix="wholedoc-bench-") as folder:
        share_models(Path(folder))
        answering, paints, usable = [], [], []
        for _ in range(1 if quick else 5):
            with _server(Path(folder)) as (url, seconds):
                answering.append(seconds)
                if CHROMIUM:
                    painted, there = _first_paint(url)
                    paints.append(painted)
                    usable.append(there)
        report.add(figure="port answers after", **_spread(answering))
        if CHROMIUM:
            report.add(figure="first paint, new browser", **_spread(paints))
            report.add(figure="the question box can be typed in, new browser", **_spread(usable))
        with _server(Path(folder), REGISTER) as (url, _):
            _while_reading(report, url, 10 if quick else 40)
    if not CHROMIUM:
        report.notes.append("there is no chromium here: nothing was measured in a browser")
    return report


@contextmanager
def _server(folder: Path, *files: Path) -> Iterator[tuple[str, float]]:
    """A running browser app, and the seconds from its start until its port answered."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    url = f"http://127.0.0.1:{port}/"
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "wholedoc", "ui", "--port", str(port), *map(str, files)],
        env={**os.environ, VARIABLE: str(folder)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while True:
            try:
                _get(url)
                break
            except OSError:
                if process.poll() is not None:
                    raise
                time.sleep(0.05)
        yield url, time.perf_counter() - started
    finally:
        process.send_signal(signal.SIGINT)
        process.wait()


def _get(url: str) -> float:
    """Seconds that one request takes."""
    started = time.perf_counter()
    with urllib.request.urlopen(url, timeout=30) as answer:
        answer.read()
    return time.perf_counter() - started


@contextmanager
def _page(url: str) -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as running:
        browser = running.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page()
        page.goto(url)
        yield page
        browser.close()


def _first_paint(url: str) -> tuple[float, float]:
    """Seconds from the navigation's start to the first contentful paint, and to a question box that takes text."""
    with _page(url) as page:
        page.locator("#wd-question textarea").fill("When?")
        usable = page.evaluate("performance.now()")
        painted = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    return painted / 1000, usable / 1000


def _while_reading(report: Report, url: str, seconds: int) -> None:
    """Ten requests a second for the whole page, and frames drawn while typing, as the register is read."""
    time.sleep(15)  # the model is there and reads
    took = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        took.append(_get(url))
        time.sleep(0.1)
    report.add(
        figure="a request while a document is read",
        requests=len(took),
        median_s=statistics.median(took),
        p99_s=sorted(took)[int(len(took) * 0.99)],
        slowest_s=max(took),
    )
    if CHROMIUM:
        with _page(url) as page:
            page.locator("#wd-status progress").wait_for(timeout=60_000)
            gaps = page.evaluate(FRAMES, min(seconds, 10))
        late = sum(gap > 50 for gap in gaps) / len(gaps)
        report.add(
            figure="frames while a document is read", frames=len(gaps), longest_ms=max(gaps), over_50_ms=late
        )


def _spread(seconds: list[float]) -> dict[str, float]:
    return {"median_s": statistics.median(seconds), "slowest_s": max(seconds)}
