"""Measures how soon the browser app's port answers and its page shows, and how fast it is while it reads.

Of the viewer: how long a page takes from the request, and from the number that a person enters to its picture.
"""

from __future__ import annotations

import shutil
import statistics
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pypdf import PdfReader, PdfWriter

from wholedoc import Library

from ..home import temporary_home
from ..report import Report
from ..sample import REGISTER, SAMPLES
from .served import served

NOTICE = SAMPLES / "short_notice.pdf"
BROWSERS = ("chromium", "chromium-browser", "chromium-headless-shell")
CHROMIUM = next((path for name in BROWSERS if (path := shutil.which(name))), None)
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

# Types a question, sends it, and returns the milliseconds until it stands in the conversation.
ECHO = """async question => {
  const box = document.querySelector("#wd-question textarea");
  const asked = () => [...document.querySelectorAll("#wd-chat [data-testid=user]")];
  const shown = () => asked().some(one => one.innerText.includes(question));
  Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, "value").set.call(box, question);
  box.dispatchEvent(new Event("input", { bubbles: true }));
  await new Promise(done => setTimeout(done, 300));
  const started = performance.now();
  box.dispatchEvent(new KeyboardEvent("keypress", { key: "Enter", bubbles: true }));
  while (!shown() && performance.now() - started < 10000) await new Promise(requestAnimationFrame);
  return performance.now() - started;
}"""
# Goes to a page of the viewer, and returns the milliseconds until its picture is there.
TURN = """async page => {
  const field = document.querySelector(".wd-viewer-page");
  const started = performance.now();
  field.value = String(page);
  field.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true }));
  while (!document.querySelector(`.wd-sheet[data-page="${page}"] img`) && performance.now() - started < 10000) {
    await new Promise(requestAnimationFrame);
  }
  return performance.now() - started;
}"""
# Scrolls through a document in three seconds, and returns the gaps between frames in milliseconds.
SCROLL = """async () => {
  const scroll = document.querySelector(".wd-viewer-scroll");
  const gaps = [], started = performance.now();
  for (let last = started; last < started + 3000; ) {
    scroll.scrollTop = (scroll.scrollHeight * (last - started)) / 3000;
    const now = await new Promise(requestAnimationFrame);
    gaps.push(now - last);
    last = now;
  }
  return gaps;
}"""
QUESTIONS = 20
LONG_NAME, LONG_PAGES = "many_pages.pdf", 1158
PICTURE_WIDTH = 1000


def run(quick: bool) -> Report:
    """Time start-up and first paint, then requests and frames while the register is read for the first time."""
    report = Report("ui-quick" if quick else "ui")
    with temporary_home() as folder:
        starting, answering, paints, usable = [], [], [], []
        for _ in range(1 if quick else 5):
            with _server(folder, NOTICE) as (url, started):
                starting.append(started.said_s)
                answering.append(started.answered_s)
                if CHROMIUM:
                    painted, there = _first_paint(url)
                    paints.append(painted)
                    usable.append(there)
        report.add(figure="the port says that it starts after", **_spread(starting))
        report.add(figure="the page is there after", **_spread(answering))
        if CHROMIUM:
            report.add(figure="first paint, new browser", **_spread(paints))
            report.add(figure="the question box can be typed in, new browser", **_spread(usable))
        with _server(folder, NOTICE) as (url, _):
            _of_the_viewer(report, folder, url, "idle", 20 if quick else 60)
        with _server(folder, REGISTER) as (url, _):
            _while_reading(report, folder, url, 10 if quick else 40)
    if not CHROMIUM:
        report.notes.append("there is no chromium here: nothing was measured in a browser")
    return report


@dataclass(frozen=True)
class _Started:
    """Seconds from the start of the browser app until its port answered that it starts, and until its page came."""

    said_s: float
    answered_s: float


@contextmanager
def _server(folder: Path, *files: Path) -> Iterator[tuple[str, _Started]]:
    """Run the browser app; yield its URL once its page is there, and how it started."""
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    began = time.perf_counter()
    said: list[float] = []

    def ready(port: int) -> bool:
        if not said and _says_anything(port):
            said.append(time.perf_counter() - began)
        return bool(said) and answers(port)

    with served(folder, ready, "ui", *map(str, files), **quiet) as running:
        yield _url(running.port), _Started(said[0], running.seconds)


def _says_anything(port: int) -> bool:
    try:
        _get(_url(port))
    except urllib.error.HTTPError:
        return True  # it says that it starts
    except OSError:
        return False
    return True


def _url(port: int) -> str:
    return f"http://127.0.0.1:{port}/"


def answers(port: int) -> bool:
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


def _while_reading(report: Report, folder: Path, url: str, seconds: int) -> None:
    """Time ten requests a second for the whole page, and what a person sees, while the register is read."""
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
        p99_s=_quantile(took, 0.99),
        slowest_s=max(took),
    )
    if CHROMIUM:
        _seen_while_reading(report, url, min(seconds, 10))
    _of_the_viewer(report, folder, url, "while a document is read", 20)


def _seen_while_reading(report: Report, url: str, seconds: int) -> None:
    with _page(url) as page:
        page.locator("#wd-status progress").wait_for(timeout=60_000)
        gaps = page.evaluate(FRAMES, seconds)
        late = sum(gap > 50 for gap in gaps) / len(gaps)
        report.add(
            figure="frames while a document is read", frames=len(gaps), longest_ms=max(gaps), over_50_ms=late
        )
        took = []
        for number in range(QUESTIONS):
            took.append(page.evaluate(ECHO, f"Who was fined in entry {number}?") / 1000)
            stop = page.locator("#wd-question .stop-button")
            if stop.is_visible():
                stop.click()
            page.locator("#wd-question .submit-button").wait_for(timeout=60_000)
        report.add(
            figure="a question stands in the conversation while a document is read",
            questions=len(took),
            median_s=statistics.median(took),
            p95_s=_quantile(took, 0.95),
            slowest_s=max(took),
        )


def _of_the_viewer(report: Report, folder: Path, url: str, when: str, pages: int) -> None:
    """Time pages as the viewer fetches them, one after the other, and as a person turns to them."""
    document = Library.open(folder).parse(_long_document(folder))
    address = f"{url}viewer/{document.id}"
    _get(address)  # starts the process that draws
    count = len(document.pages)
    took = [_get(f"{address}/{1 + number * 37 % count}/picture?width={PICTURE_WIDTH}") for number in range(pages)]
    report.add(
        figure=f"a page of the viewer is drawn and sent, {when}",
        pages=pages,
        median_s=statistics.median(took),
        p95_s=_quantile(took, 0.95),
        slowest_s=max(took),
    )
    if CHROMIUM:
        _turned(report, url, when, count)


def _long_document(folder: Path) -> Path:
    """Return a PDF of very many pages: the register, over and over."""
    path = folder / LONG_NAME
    if not path.exists():
        writer = PdfWriter()
        while len(writer.pages) < LONG_PAGES:
            register = PdfReader(REGISTER)
            writer.append(register, pages=(0, min(len(register.pages), LONG_PAGES - len(writer.pages))))
        writer.write(path)
    return path


def _turned(report: Report, url: str, when: str, count: int) -> None:
    with _page(url) as page:
        page.locator(".wd-open-document", has_text=LONG_NAME).click()
        page.locator(".wd-viewer-name", has_text=LONG_NAME).wait_for()
        page.locator(".wd-sheet img").first.wait_for()
        took = [page.evaluate(TURN, 30 + number * 41 % (count - 40)) / 1000 for number in range(15)]
        gaps = page.evaluate(SCROLL)
    report.add(
        figure=f"from a page's number to its picture, {when}",
        pages=len(took),
        median_s=statistics.median(took),
        p95_s=_quantile(took, 0.95),
        slowest_s=max(took),
    )
    report.add(
        figure=f"frames while {count} pages are scrolled through in 3 s, {when}",
        frames=len(gaps),
        longest_ms=max(gaps),
    )


def _quantile(values: list[float], share: float) -> float:
    return sorted(values)[min(int(len(values) * share), len(values) - 1)]


def _spread(seconds: list[float]) -> dict[str, float]:
    return {"median_s": statistics.median(seconds), "slowest_s": max(seconds)}
