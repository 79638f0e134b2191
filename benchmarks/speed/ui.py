"""Measures how soon the browser app's port answers and its page shows, and how fast it is while it reads."""

from __future__ import annotations

import shutil
import statistics
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..home import temporary_home
from ..report import Report
from ..sample import REGISTER
from .served import served

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
FLAGS += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
# Returns the gaps between frames that the page draws, in milliseconds.
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
    """Time start-up and first paint, then requests and frames while the register is read for the first time."""
    report = Report("ui-quick" if quick else "ui")
    with temporary_home() as folder:
        answering, paints, usable = [], [], []
        for _ in range(1 if quick else 5):
            with _server(folder) as (url, seconds):
                answering.append(seconds)
                if CHROMIUM:
                    painted, there = _first_paint(url)
                    paints.append(painted)
                    usable.append(there)
        report.add(figure="port answers after", **_spread(answering))
        if CHROMIUM:
            report.add(figure="first paint, new browser", **_spread(paints))
            report.add(figure="the question box can be typed in, new browser", **_spread(usable))
        with _server(folder, REGISTER) as (url, _):
            _while_reading(report, url, 10 if quick else 40)
    if not CHROMIUM:
        report.notes.append("there is no chromium here: nothing was measured in a browser")
    return report


@contextmanager
def _server(folder: Path, *files: Path) -> Iterator[tuple[str, float]]:
    """Run the browser app; yield its URL and the seconds from its start until its port answered."""
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with served(folder, _answers, "ui", *map(str, files), **quiet) as running:
        yield _url(running.port), running.seconds


def _url(port: int) -> str:
    return f"http://127.0.0.1:{port}/"


def _answers(port: int) -> bool:
    try:
        _get(_url(port))
    except OSError:
        return False
    return True


def _get(url: str) -> float:
    """Request a page, and return the seconds until all of it has arrived."""
    started = time.perf_counter()
    with urllib.request.urlopen(url, timeout=30) as answer:
        answer.read()
    return time.perf_counter() - started


@contextmanager
def _page(url: str) -> Iterator[Any]:
    """Open a page in a new browser; yield Playwright's page."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as running:
        browser = running.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page()
        page.goto(url)
        yield page
        browser.close()


def _first_paint(url: str) -> tuple[float, float]:
    """Return the seconds from the navigation's start to the first paint, and until the question box takes text."""
    with _page(url) as page:
        page.locator("#wd-question textarea").fill("When?")
        usable = page.evaluate("performance.now()")
        painted = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    return painted / 1000, usable / 1000


def _while_reading(report: Report, url: str, seconds: int) -> None:
    """Time ten requests a second for the whole page, and the frames that it draws, while the register is read."""
    time.sleep(15)  # by now the model is loaded and reads
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
