"""Models and what can be checked of an answer, in a real browser."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from wholedoc.models.catalogue import QWEN_CODER_05B, QWEN_CODER_15B

from ...app.writers.test_remote import Program, event
from ..browser import CHUNKS, Server, Tab, a_tab, begin_with, free_port

pytest.importorskip("gradio")
pytestmark = pytest.mark.embedded
NOTICE = Path(__file__).parents[3] / "sample_docs" / "short_notice.pdf"
QUESTION = "Which radio channel should a yacht use to announce herself?"
# The folder for pictures of what these tests see, in every look; none are made if it is not set.
PICTURES = os.environ.get("WHOLEDOC_SCREENSHOTS")
LOOKS = [(width, scheme) for width in (1280, 400) for scheme in ("light", "dark")]
# `wholedoc` on a machine with room for every model. A model arrives when a file beside the library says from where.
ARRIVING = """
import os, time
from pathlib import Path
from wholedoc.cli import main
from wholedoc.errors import ModelError
from wholedoc.models import held_models, recommendation
from wholedoc.models.preparing import Preparing, PreparingStoppedError, Step

def hold(model, models, progress, cancelled=lambda: False):
    folder, come = models / model.folder, models / f"{model.name}.comes-from"
    done = model.bytes // 4
    while not folder.is_dir():
        if cancelled():
            raise PreparingStoppedError("stopped")
        if come.exists():
            source = come.read_text()
            if not source:
                raise ModelError("no route to the package index")
            folder.symlink_to(source)
        done = min(done + model.bytes // 500, model.bytes)
        progress(Preparing(model.name, Step.FETCHING, done, model.bytes, (model.bytes - done) / 9e6))
        time.sleep(0.1)
    return folder

held_models.hold = hold
recommendation.free_bytes = lambda _: 64 * 10**9
main()
"""


def serve(home: Path, library: Path, *arguments: str) -> Iterator[Server]:
    begin_with(library, home)
    running = Server(home, free_port(), (*CHUNKS, *arguments), program=ARRIVING)
    running.start(NOTICE)
    yield running
    running.stop()


@pytest.fixture
def fresh(browser: Any, notice_library: Path, tmp_path: Path) -> Iterator[Server]:
    """A server on a machine where only the reader is."""
    yield from serve(tmp_path / "fresh", notice_library, "--max-new-tokens", "8")


def come(server: Server, name: str, source: Path | str) -> None:
    (server.home / "models" / f"{name}.comes-from").write_text(str(source))


def in_view(selector: str) -> Callable[[Tab], None]:
    return lambda tab: tab.page.locator(selector).first.scroll_into_view_if_needed()


def pictures(tab: Tab, browser: Any, name: str, prepare: Callable[[Tab], None] = lambda _: None) -> None:
    """Take a picture of the same page in every look."""
    if not PICTURES:
        return
    Path(PICTURES).mkdir(parents=True, exist_ok=True)
    for width, scheme in LOOKS:
        tab.page.set_viewport_size({"width": width, "height": 900})
        tab.page.emulate_media(color_scheme=scheme)
        tab.page.evaluate("dark => document.body.classList.toggle('dark', dark)", scheme == "dark")
        prepare(tab)
        tab.page.wait_for_timeout(700)
        tab.page.screenshot(path=f"{PICTURES}/{name}-{width}-{scheme}.png", full_page=width == 400)
    tab.page.set_viewport_size({"width": 1400, "height": 900})


@pytest.mark.timeout(300)
def test_the_writer_is_fetched_while_the_page_goes_on(browser: Any, fresh: Server, tiny_model: Path) -> None:
    with a_tab(browser, fresh) as tab:
        page = tab.page
        page.locator(".wd-fetch", has_text=f"{QWEN_CODER_15B.name} is on its way").wait_for()
        page.locator(".wd-fetch-progress", has_text="of 1.1 GB").wait_for()
        assert page.locator("#wd-cancel-fetch").is_visible()
        tab.wait_read(NOTICE.name)
        tab.ask(QUESTION)
        assert "A yacht" in tab.wait_answer()  # the reader answers meanwhile, with the passage's beginning
        pictures(tab, browser, "first-start")
        with a_tab(browser, fresh) as later:
            later.page.locator(".wd-fetch-progress", has_text="of 1.1 GB").wait_for()
        come(fresh, QWEN_CODER_15B.name, tiny_model)
        page.locator(".wd-fetch-done", has_text="writes the answers from now on").wait_for()
        page.locator(f"#wd-status [title*='and {QWEN_CODER_15B.name} writes']").wait_for()
        tab.ask("And the harbour office?")
        page.wait_for_function("document.querySelectorAll('#wd-chat [data-testid=bot]').length === 2")
        tab.wait_answer()
        pictures(tab, browser, "writer-is-here")
        page.locator("#wd-cancel-fetch", has_text="Close").click()
        page.locator(".wd-fetch").wait_for(state="detached")
        assert not page.locator("#wd-cancel-fetch").is_visible()


@pytest.mark.timeout(300)
def test_a_fetch_is_cancelled_and_chosen_again_in_the_settings(
    browser: Any, fresh: Server, tiny_model: Path
) -> None:
    from playwright.sync_api import expect

    with a_tab(browser, fresh) as tab, a_tab(browser, fresh) as other:
        page = tab.page
        other.page.locator(".wd-fetch-running").wait_for()
        page.locator("#wd-cancel-fetch").click()
        page.locator(".wd-fetch-stopped", has_text="wholedoc models fetch").wait_for()
        other.page.locator(".wd-fetch-stopped").wait_for()
        pictures(tab, browser, "cancelled")
        page.locator("#wd-model-in-use button.label-wrap").click()
        model = page.locator(f"[data-model='{QWEN_CODER_05B.name}']")
        model.locator("button", has_text="Fetch and let it write").wait_for()
        pictures(tab, browser, "settings", in_view("#wd-models .wd-model"))
        model.locator("button", has_text="Fetch and let it write").click()
        page.locator("#wd-models-told", has_text="is being fetched first").wait_for()
        model.locator(".wd-doing", has_text="writes soon").wait_for()
        other.page.evaluate("window.dispatchEvent(new Event('focus'))")  # a person comes back to it
        other.page.locator(".wd-fetch-running", has_text=QWEN_CODER_05B.name).wait_for()
        come(fresh, QWEN_CODER_05B.name, tiny_model)
        model.locator(".wd-doing", has_text="writes now").wait_for()
        other.page.locator(".wd-fetch-done").wait_for()
        page.locator("#wd-settings button").first.click()
        page.locator("#wd-advanced button.label-wrap").click()
        writer = page.locator("#wd-writer textarea, #wd-writer input")
        assert writer.input_value() == QWEN_CODER_05B.name
        page.keyboard.press("Escape")
        page.locator("button", has_text="Let the model that reads answer").click()
        page.locator(".wd-doing", has_text="The model that reads answers").wait_for()
        expect(writer).to_have_value("reader")
        model.locator("button", has_text="Let it write").click()  # it is here: one click is enough
        model.locator(".wd-doing", has_text="writes now").wait_for()


@pytest.mark.timeout(300)
def test_a_fetch_that_fails_is_explained(browser: Any, fresh: Server) -> None:
    for model in (QWEN_CODER_15B, QWEN_CODER_05B):
        come(fresh, model.name, "")
    with a_tab(browser, fresh) as tab:
        tab.page.locator(".wd-fetch-failed", has_text="no route to the package index").wait_for()
        pictures(tab, browser, "failed")


ANSWER = """A yacht calls the signal station on **channel 12**. So said Captain Ahab in 1893.

- <u class="wd-unsupported">x</u> <button class="wd-source" onclick="window.pwned = 1">[9]</button>
- ![x](http://127.0.0.1:9/1771.png) <img src=x onerror="window.pwned = 2"> `in 1771`"""


@pytest.fixture(scope="module")
def told(browser: Any, notice_library: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose answers another program writes, which always says ANSWER."""
    program = Program([event(ANSWER), event(None, "stop"), b"data: [DONE]\n\n"])
    threading.Thread(target=program.server.serve_forever, daemon=True).start()
    try:
        yield from serve(
            tmp_path_factory.mktemp("told") / "library", notice_library, "--answer-model", f"{program.url}#parrot"
        )
    finally:
        program.server.shutdown()
        program.server.server_close()


@pytest.mark.timeout(300)
def test_an_answer_shows_what_can_be_checked(browser: Any, told: Server) -> None:
    with a_tab(browser, told) as tab:
        page = tab.page
        tab.wait_read(NOTICE.name)
        tab.ask(QUESTION)
        tab.wait_answer()
        bot = page.locator("#wd-chat [data-testid=bot]").last
        marks = bot.locator(".wd-unsupported")
        marks.first.wait_for()
        assert marks.all_inner_texts()[:3] == ["Captain", "Ahab", "1893"]
        assert marks.count() == page.locator(".wd-unsupported[title]").count()  # all of them are ours
        assert "neither in the cited passages" in marks.first.get_attribute("title")
        line = marks.first.evaluate("mark => getComputedStyle(mark).textDecorationStyle")
        assert line == "dotted"
        number = bot.locator(".wd-source").first
        shown = number.inner_text()
        assert shown.startswith("[")
        pictures(tab, browser, "answer", in_view("#wd-chat"))
        page.locator(".wd-citations button").last.click()
        page.locator(".wd-citations li").last.locator("button[aria-current]").wait_for()
        number.click()
        wanted = page.locator(".wd-citations li", has_text=shown).locator("button[aria-current]")
        wanted.wait_for()
        assert page.evaluate("window.pwned") is None
        assert bot.locator("img, a").count() == 0
        assert bot.locator("[onclick], [onerror]").count() == 0


@pytest.mark.timeout(300)
def test_a_writer_elsewhere_is_named_beside_the_question(browser: Any, told: Server) -> None:
    with a_tab(browser, told) as tab:
        page = tab.page
        assert page.locator(".wd-sends-to").count() == 0  # this machine is not elsewhere
        page.locator("#wd-settings button").first.click()
        page.locator("#wd-advanced button.label-wrap").click()
        page.fill("#wd-writer textarea, #wd-writer input", "http://llm.example/v1#large")
        page.click("#wd-apply")
        page.locator(".wd-sends-to", has_text="sent to llm.example").wait_for()
        page.locator("#wd-settings button").first.click()
        pictures(tab, browser, "sent-elsewhere")
        with a_tab(browser, told) as later:
            later.page.locator(".wd-sends-to", has_text="sent to llm.example").wait_for()
