"""Makes the README's pictures anew: `python -m tools.pictures FOLDER`.

Starts the browser app with an empty library that shares this machine's models, and does in a real browser what a
person does. Needs Playwright and Chromium, and takes some minutes: the long sample document is read, and a model
that writes is asked about every part of the short one.
"""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.home import temporary_home
from benchmarks.speed.served import served
from benchmarks.speed.ui import CHROMIUM, FLAGS, answers
from PIL import Image

WRITER = "qwen2.5-coder-1.5b"
NOTICE, REGISTER = "short_notice.pdf", "harbour_register.pdf"
CHANNEL = "Which radio channel should a yacht use to announce herself?"
LIST = "List all places where a yacht may lie."
SUMMARY = "Summarise the document."
UNRELATED = "How do I bake a chocolate cake?"
WINDOW, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
PATIENCE_MS = 900_000
# The animated picture: its width in pixels, and what it may take in bytes.
FILM_WIDTH, FILM_BYTES = 960, 2_000_000


@dataclass
class Film:
    """Frames of an animated picture, each with how long it is shown, in milliseconds."""

    frames: list[Image.Image] = field(default_factory=list)
    durations: list[int] = field(default_factory=list)

    def take(self, page: Any, milliseconds: int) -> None:
        shot = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
        height = round(shot.height * FILM_WIDTH / shot.width)
        self.frames.append(shot.resize((FILM_WIDTH, height), Image.Resampling.LANCZOS))
        self.durations.append(milliseconds)

    def save(self, path: Path) -> None:
        """Write an animated WebP. Raises ValueError if it would be too large for a README."""
        first, *others = self.frames
        options: dict[str, Any] = {"duration": self.durations, "loop": 0, "quality": 60, "method": 6}
        first.save(path, save_all=True, append_images=others, **options)
        if path.stat().st_size > FILM_BYTES:
            raise ValueError(f"{path} has {path.stat().st_size:,} bytes, more than the {FILM_BYTES:,} allowed")


@dataclass
class Photographer:
    """A browser in front of the app. Pictures go to `folder`."""

    browser: Any
    url: str
    folder: Path

    @contextmanager
    def tab(self, **options: Any) -> Iterator[Any]:
        context = self.browser.new_context(**{"viewport": WINDOW, **options})
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.goto(self.url)
        page.wait_for_selector("#wd-status .wd-ready")
        page.wait_for_timeout(1500)
        yield page
        context.close()

    def save(self, page: Any, name: str) -> None:
        page.wait_for_timeout(1200)
        page.mouse.move(2, 2)
        page.screenshot(path=str(self.folder / f"{name}.png"))


def ask(page: Any, question: str, film: Film | None = None) -> None:
    """Ask a question and wait for the answer; a film shows how it is typed."""
    box = page.locator("#wd-question textarea")
    step = len(question) // 4 if film else len(question)
    for end in range(step, len(question) + step, step):
        box.fill(question[:end])
        if film:
            film.take(page, 250)
    before = page.locator("#wd-chat .wd-cost").count()
    box.press("Enter")
    if film:
        page.wait_for_timeout(400)
        film.take(page, 900)
    page.wait_for_function(f"document.querySelectorAll('#wd-chat .wd-cost').length > {before}")
    page.locator("#wd-question .submit-button").wait_for()
    page.wait_for_timeout(1200)


def read(page: Any, name: str) -> None:
    page.locator(".wd-row", has_text=name).locator(".wd-ready").wait_for()


def film_of(photographer: Photographer) -> None:
    """From the empty library to an answer and its page, in about twenty seconds."""
    film = Film()
    with photographer.tab() as page:
        film.take(page, 2000)
        page.locator("#wd-samples button", has_text="notice").click()
        page.locator(".wd-arrival progress, .wd-row").first.wait_for()
        film.take(page, 1200)
        read(page, NOTICE)
        page.locator(".wd-sheet img").first.wait_for()
        page.wait_for_timeout(800)
        film.take(page, 1500)
        for number in range(1, 7):
            page.locator(".wd-viewer-scroll").evaluate(
                "(scroll, share) => { scroll.scrollTop = share * scroll.scrollHeight; }", number / 8
            )
            page.wait_for_timeout(400)
            film.take(page, 350)
        ask(page, CHANNEL, film)
        film.take(page, 3000)
        page.locator("#wd-chat .wd-source").first.hover()
        page.wait_for_timeout(200)
        film.take(page, 2500)
        page.locator("#wd-chat .wd-source").first.click()
        page.wait_for_timeout(800)
        film.take(page, 3000)
        page.locator(".wd-viewer-find").fill("signal station")
        page.keyboard.press("Enter")
        page.wait_for_timeout(1000)
        film.take(page, 2500)
        photographer.save(page, "viewer")
        page.locator(".wd-viewer-find").press("Escape")
        page.locator("#wd-chat .wd-source").first.click()
        photographer.save(page, "answer")
    film.save(photographer.folder / "tour.webp")


def answers_of(photographer: Photographer) -> None:
    """What questions to every part bring, and what is not there."""
    with photographer.tab() as page:
        for question, name in ((LIST, "list"), (SUMMARY, "summary"), (UNRELATED, "not-found")):
            page.click("#wd-new")
            page.wait_for_timeout(800)
            ask(page, question)
            if name == "summary":
                page.locator("#wd-chat .wd-sections summary").first.click()
            photographer.save(page, name)


def looks_of(photographer: Photographer) -> None:
    """The same in the dark and on a phone."""

    def open_conversation(page: Any) -> None:
        page.locator(".wd-open-conversation", has_text=CHANNEL).click()
        page.locator("#wd-chat .wd-cost").wait_for()

    with photographer.tab(color_scheme="dark") as page:
        open_conversation(page)
        photographer.save(page, "dark")
    with photographer.tab(viewport=PHONE, device_scale_factor=2) as page:
        page.locator("#wd-parts button", has_text="Documents").click()
        open_conversation(page)
        photographer.save(page, "phone")


def reading_of(photographer: Photographer) -> None:
    """A long document that is being read. It is gone afterwards."""
    with photographer.tab() as page:
        page.set_input_files("#wd-drop input[type=file]", f"sample_docs/{REGISTER}")
        page.locator(".wd-arrival progress").wait_for()
        page.locator(".wd-row", has_text=REGISTER).locator(".wd-open-document").click()
        page.wait_for_timeout(20_000)
        photographer.save(page, "reading")
        page.locator("#wd-stop-reading").click()
        page.locator(".wd-arrival").wait_for(state="detached")
        row = page.locator(".wd-row", has_text=REGISTER)
        row.get_by_role("button", name="Remove").click()
        row.locator(".wd-yes").click()
        row.wait_for(state="detached")


def main() -> None:
    from playwright.sync_api import sync_playwright

    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    if CHROMIUM is None or shutil.which(CHROMIUM) is None:
        raise SystemExit("there is no chromium on this machine: install it (apt-get install chromium)")
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with (
        temporary_home() as home,
        served(home, answers, "ui", "--answer-model", WRITER, **quiet) as running,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        photographer = Photographer(browser, f"{running.url}/", folder)
        film_of(photographer)
        looks_of(photographer)
        reading_of(photographer)
        answers_of(photographer)  # which takes longest
        browser.close()


if __name__ == "__main__":
    main()
