"""Runs `wholedoc ui`, and plays a person in front of it."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest

from ..app.processes import start

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--process-per-site",  # so that what was compiled for one tab is there for the next
]
# The first draws pages and nothing around them: a tab costs a third of what it does in the whole browser.
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser")
CHROMIUM = next((path for name in BROWSERS if (path := shutil.which(name))), None)
# `wholedoc` that reads 256 tokens in one turn, so that a question asked meanwhile waits half a second and not two.
SHORT_TURNS = """
import parallelcomp.memory
from wholedoc.cli import main
parallelcomp.memory.PREFILL_TOKENS["cpu"] = 256
main()
"""
# Small ones, so that the short notice has many.
CHUNKS = ("--chunk-tokens", "128")
SECOND = 1000  # Playwright counts milliseconds
PATIENCE = 120 * SECOND


@dataclass
class Server:
    """`wholedoc ui` in a process of its own, with a library of its own. `program` is what runs as `wholedoc`, and
    starts and ends within `patience` seconds."""

    home: Path
    port: int
    arguments: tuple[str, ...] = ()
    command: str = "ui"
    program: str = SHORT_TURNS
    patience: float = 120.0
    process: BaseProcess | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def start(self, *files: Path) -> None:
        arguments = [self.command, "--port", str(self.port), *self.arguments, *files]
        home = {"WHOLEDOC_HOME": str(self.home), "HF_HUB_OFFLINE": "1"}
        started = start(arguments, self.home.with_name(f"said-{self.port}.txt"), self.program, **home)
        self.process = started.process
        deadline = time.monotonic() + self.patience
        while time.monotonic() < deadline and self.process.is_alive():
            try:
                with urllib.request.urlopen(self.url, timeout=5):
                    return
            except OSError:
                time.sleep(0.1)
        pytest.fail(f"the server did not start (exit code {self.process.exitcode})")

    def kill(self) -> None:
        """End it as `kill -9` does."""
        assert self.process is not None
        self.process.kill()
        self.process.join(30)

    def stop(self) -> None:
        """End it as Ctrl-C does."""
        assert self.process is not None
        assert self.process.pid is not None
        if self.process.is_alive():
            os.kill(self.process.pid, signal.SIGINT)
        self.process.join(self.patience / 4)
        if self.process.is_alive():
            self.kill()
            pytest.fail("the server did not stop")


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


@dataclass
class Tab:
    """One tab and its page; notes what our page must not cause: requests to elsewhere or that are refused, errors,
    and dialogs.
    """

    page: Any
    server: Server
    foreign: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.set_default_timeout(PATIENCE)
        self.page.on("request", lambda request: self._request(request.url))
        self.page.on("response", lambda response: self._response(response.url, response.status))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("dialog", lambda dialog: self.errors.append(f"dialog: {dialog.message}"))

    def _request(self, url: str) -> None:
        if not url.startswith((self.server.url, "data:", "blob:")):
            self.foreign.append(url)

    def _response(self, url: str, status: int) -> None:
        if status == 404 and "/viewer/" in url:
            return  # a document that another tab has just removed
        if status >= 400:
            self.errors.append(f"{status}: {url}")

    def open(self) -> None:
        self.page.goto(self.server.url)
        self.page.wait_for_selector("#wd-question textarea", state="attached")
        self.wait_ready()

    def wait_ready(self) -> None:
        self.page.wait_for_selector("#wd-status .wd-ready")

    def show(self, part: str) -> None:
        """Show a part of the page where the window is too narrow for all."""
        button = self.page.locator("#wd-parts button", has_text=part)
        if button.is_visible():
            button.click()

    def drop(self, *files: Path) -> None:
        self.page.set_input_files("#wd-drop input[type=file]", list(files))

    def use(self, file: Path) -> None:
        """Put this document on the shelf if it is not there, wait until it is read, and select it alone."""
        self.show("Documents")
        if not self.row(file.name).count():
            self.drop(file)
        self.wait_read(file.name)
        self.choose(file.name)
        self.show("Chat")

    def wait_read(self, name: str) -> None:
        self.row(name).locator(".wd-warm", has_text="ready").wait_for()

    def remove(self, name: str) -> None:
        """Take a document off the shelf, and be sure about it."""
        row = self.row(name)
        row.get_by_role("button", name=f"Remove {name}", exact=True).click()
        row.locator(".wd-yes").click()
        row.wait_for(state="detached")

    def row(self, name: str) -> Any:
        return self.page.locator(".wd-row", has_text=name)

    def choose(self, *names: str) -> None:
        """Tick these documents and no others."""
        changed = False
        for row in self.page.locator(".wd-row").all():
            box = row.locator("input")
            wanted = any(name in row.inner_text() for name in names)
            if box.is_checked() != wanted:
                box.click()
                changed = True
        if changed:
            self.page.wait_for_timeout(300)

    def ask(self, question: str) -> None:
        self.page.fill("#wd-question textarea", question)
        self.page.keyboard.press("Enter")
        self.page.wait_for_function("!document.querySelector('#wd-question textarea').value")

    def wait_answer(self) -> str:
        """Wait until the last answer is complete, and return it."""
        self.page.locator("#wd-question button", has_text="Ask").wait_for()
        self.page.locator("#wd-chat [data-testid=bot]").last.locator(".wd-cost summary").wait_for()
        return self.answer()

    def wait_again(self) -> str:
        """Wait until an answer that is given again is complete. It takes the place of the last one."""
        self.page.wait_for_timeout(500)  # an answer may come so soon that nothing shows in between
        return self.wait_answer()

    def cost(self) -> str:
        """Return what the last answer cost, also where it is not opened."""
        return str(self.page.locator("#wd-chat .wd-cost").last.text_content())

    def answer(self) -> str:
        text: str = self.page.locator("#wd-chat [data-testid=bot]").last.inner_text()
        return text.strip()

    def opened(self) -> str:
        """Return the page that the viewer shows, as its number or label stands in the field."""
        return str(self.page.input_value(".wd-viewer-page"))

    def wait_opened(self, label: str) -> None:
        self.page.wait_for_function("label => document.querySelector('.wd-viewer-page').value === label", arg=label)

    def status(self) -> str:
        """Return the text of the last message, which is a status until the answer begins."""
        answers = self.page.locator("#wd-chat [data-testid=bot]")
        return str(answers.last.inner_text()) if answers.count() else ""

    def wait_status(self, pattern: str) -> str:
        deadline = time.monotonic() + PATIENCE / SECOND
        while time.monotonic() < deadline:
            if re.search(pattern, self.status()):
                return self.status()
            self.page.wait_for_timeout(50)
        pytest.fail(f"no message like {pattern!r}; the last one is {self.status()!r}")

    def check_clean(self) -> None:
        """Check that nothing was fetched from elsewhere, that no script failed and that no foreign script ran."""
        assert self.foreign == []
        assert self.errors == []


def begin_with(library: Path, home: Path) -> None:
    """Make a library at `home` that has the models, documents and readings of another one."""
    shutil.copytree(library, home, symlinks=True, dirs_exist_ok=True)


@contextmanager
def a_server(home: Path, library: Path, *files: Path, **options: Any) -> Iterator[Server]:
    """A server with these files on its shelf, whose library begins with those things of `library`. `options` are a
    Server's.
    """
    begin_with(library, home)
    arguments = ("--answer-model", "reader", *options.pop("arguments", CHUNKS))
    running = Server(home, free_port(), arguments, **options)
    try:
        running.start(*files)
        yield running
    finally:
        running.stop()


@dataclass
class Browser:
    """A browser of one person: what one tab has fetched and compiled is there for the next, which takes a third of
    the time then.
    """

    running: Any
    _windows: dict[str, Any] = field(default_factory=dict, repr=False)

    def new_page(self, server: Server, **options: Any) -> Any:
        """A page of the window that a server has with these options."""
        name = f"{server.url} {sorted(options.items())!r}"
        if name not in self._windows:
            self._windows[name] = self.running.new_context(**options)
            # The process that draws a site's pages ends with the last of them, so there is one that stays.
            self._windows[name].new_page().goto(f"{server.url}robots.txt")
        return self._windows[name].new_page()

    def new_context(self, **options: Any) -> Any:
        """A window of another person, who has no cookies and has fetched nothing."""
        return self.running.new_context(**options)


@contextmanager
def a_tab(browser: Browser, server: Server, **options: Any) -> Iterator[Tab]:
    """A tab of the window with these options."""
    page = browser.new_page(server, **{"viewport": {"width": 1400, "height": 900}, **options})
    try:
        tab = Tab(page, server)
        tab.open()
        yield tab
        tab.check_clean()
    finally:
        page.close()


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser; the test is skipped where there is none."""
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    if CHROMIUM is None:
        pytest.skip(
            "there is no chromium on this machine: the browser tests want one (apt-get install "
            "chromium-headless-shell, or chromium)"
        )
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield Browser(browser)
        browser.close()


def names(rows: Sequence[Any]) -> list[str]:
    return [str(row.locator(".wd-name").inner_text()) for row in rows]
