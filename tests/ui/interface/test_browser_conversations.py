"""Conversations in a real browser: nothing that is typed or said is lost, and what was said is there tomorrow."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ...app.server.serving import until
from ..browser import Server, Tab, a_server, a_tab

pytest.importorskip("gradio")
pytestmark = pytest.mark.embedded
NOTICE = Path(__file__).parents[3] / "sample_docs" / "short_notice.pdf"
# `wholedoc` with a writer that answers at once, or slowly if it is told so, and rewrites questions by a rule.
PROGRAM = """
import time
from parallelcomp import Cancelled
from wholedoc import Library
from wholedoc.cli import main
from wholedoc.writers.writer import Written

class Ruled:
    name, here, sends_to = "ruled", False, None

    def write(self, messages, sampling, cancelled=None):
        told = messages[-1].content
        if "Rewrite the last question" in told:
            yield 'Where does a <img src="x" onerror="window.pwned = 1"> yacht lie?'
            return Written(1, cut_short=False)
        for _ in range(1200 if "slowly" in told else 1):
            if cancelled is not None and cancelled():
                raise Cancelled
            time.sleep(0.1)
            if "slowly" not in told:
                break
        yield "At Fiddlers Hard." if "Where" in told else "On channel 12."
        return Written(3, cut_short=False)

Library.writer = property(lambda self: WRITER)
WRITER = Ruled()
main()
"""
CHANNEL = "Which radio channel should a yacht use to announce herself?"
SLOW = "Which radio channel should a yacht slowly use?"
LIE = "Where do visitors lie at Fiddlers Hard?"


@pytest.fixture(scope="module")
def server(browser: Any, notice_library: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all tests, as they are many tabs of one person."""
    with a_server(tmp_path_factory.mktemp("library"), notice_library, NOTICE, program=PROGRAM) as running:
        yield running


def said(tab: Tab) -> list[str]:
    """Return the messages of the conversation, in turn."""
    texts = tab.page.locator("#wd-chat :is([data-testid=user], [data-testid=bot])").all_inner_texts()
    return [text.strip() for text in texts]


def box(tab: Tab) -> Any:
    return tab.page.locator("#wd-question textarea")


def conversation(tab: Tab, name: str) -> Any:
    return tab.page.locator(".wd-conversation", has_text=name)


# Nothing is lost


def test_what_asks_nothing_empties_nothing(tab: Tab) -> None:
    """Enter in an empty box used to blank the chat and the evidence."""
    page = tab.page
    tab.ask(CHANNEL)
    tab.wait_answer()
    before = said(tab)
    for typed in ("", "   "):
        box(tab).fill(typed)
        page.keyboard.press("Enter")
    page.wait_for_timeout(800)
    assert said(tab) == before
    assert page.locator(".wd-citations button").count() >= 1
    assert page.locator(".wd-bar").count() > 1


def test_what_is_done_while_it_answers_loses_nothing(tab: Tab) -> None:
    page = tab.page
    tab.ask(CHANNEL)
    tab.wait_answer()
    tab.ask(SLOW)
    tab.wait_status("Answering|Looking")
    box(tab).press_sequentially("And then")
    page.keyboard.press("Enter")
    page.wait_for_timeout(600)
    assert page.locator(".wd-retry").count() == 0
    assert box(tab).input_value() == "And then"
    assert [one for one in said(tab) if one in (CHANNEL, SLOW)] == [CHANNEL, SLOW]
    assert "On channel 12." in said(tab)[1]
    page.wait_for_selector(".wd-citations button")  # its own, which a busy machine is still looking for
    page.keyboard.press("Escape")
    assert "Stopped." in tab.wait_status("Stopped")
    assert box(tab).input_value() == "And then"


def test_a_question_shows_at_once(tab: Tab) -> None:
    """Before the server is asked anything."""
    page = tab.page
    page.evaluate(SLOW_SERVER)
    box(tab).fill(f"{CHANNEL} <b>x</b> ![y](http://127.0.0.1:9/y.png)")
    echo = page.evaluate(ECHO)
    assert echo["ms"] < 150
    assert echo["text"].replace("\u2060", "").strip() == f"{CHANNEL} <b>x</b> ![y](http://127.0.0.1:9/y.png)"
    assert box(tab).input_value() == ""
    tab.wait_answer()


SLOW_SERVER = """() => {
  const fetch = window.fetch;
  window.fetch = (...asked) => new Promise(go => setTimeout(go, 1000)).then(() => fetch(...asked));
}"""
ECHO = """() => new Promise(resolve => {
  const box = document.querySelector("#wd-question textarea"), started = performance.now();
  new MutationObserver((_, watching) => {
    const shown = document.querySelector("#wd-chat [data-testid=user]");
    if (!shown?.innerText) return;
    watching.disconnect();
    resolve({ ms: performance.now() - started, text: shown.innerText });
  }).observe(document.querySelector("#wd-chat"), { childList: true, subtree: true });
  box.dispatchEvent(new KeyboardEvent("keypress", { key: "Enter", bubbles: true, cancelable: true }));
})"""


def test_what_was_asked_before_changes_no_answer(tab: Tab) -> None:
    """A question that stands alone used to be found nowhere when it came again."""
    citations = tab.page.locator(".wd-citations button")
    alone: dict[str, tuple[str, list[str]]] = {}
    for number, question in enumerate((CHANNEL, LIE, CHANNEL, LIE), 1):
        tab.ask(question)
        tab.page.wait_for_function(
            "number => document.querySelectorAll('#wd-chat .wd-cost').length === number", arg=number
        )
        now = tab.wait_answer().split("\n")[0], citations.all_inner_texts()
        assert now[1]
        assert alone.setdefault(question, now) == now
    assert alone[CHANNEL] != alone[LIE]


# Conversations are kept


def test_a_conversation_is_there_after_a_reload_and_a_restart(tab: Tab, server: Server) -> None:
    page = tab.page
    other = server.home.parent / "ferry times.txt"
    other.write_text("The ferry leaves at nine.")
    tab.use(other)
    tab.choose(NOTICE.name)  # a tab that remembers nothing would tick the other, which came last
    tab.ask("Which channel does a yacht use, and is that the first?")
    tab.wait_answer()
    before, cited = said(tab), page.locator(".wd-citations").first.inner_text()
    assert conversation(tab, "and is that the first").locator("[aria-current]").count() == 1
    for again in (page.reload, lambda: (server.stop(), server.start(), page.reload())):
        again()
        tab.wait_ready()
        page.locator(".wd-citations button").first.wait_for()
        assert said(tab) == before
        assert page.locator(".wd-citations").first.inner_text() == cited
        assert tab.row(NOTICE.name).locator("input").is_checked()
        assert not tab.row(other.name).locator("input").is_checked()
    tab.ask(CHANNEL)
    tab.wait_answer()
    # Only the last question is asked again.
    assert said(tab)[: len(before)] == [one.replace("Retry\n", "") for one in before]
    assert "2 questions" in conversation(tab, "and is that the first").inner_text()


def test_the_ticked_documents_are_kept_before_anything_is_asked(tab: Tab) -> None:
    tab.choose()
    tab.page.reload()
    tab.wait_ready()
    tab.page.wait_for_timeout(600)
    assert tab.page.locator(".wd-row input:checked").count() == 0


def test_conversations_are_opened_searched_renamed_and_deleted(tab: Tab) -> None:
    page = tab.page
    tab.ask(CHANNEL)
    tab.wait_answer()
    page.click("text=New conversation")
    page.wait_for_function("document.querySelectorAll('#wd-chat [data-testid=bot]').length === 0")
    tab.ask(LIE)
    tab.wait_answer()
    mine = conversation(tab, LIE).first
    mine.get_by_role("button", name="Rename").click()
    page.keyboard.type("Berths <script>window.pwned = 2</script> {{x}}")
    page.keyboard.press("Enter")
    renamed = conversation(tab, "Berths <script>")
    renamed.wait_for()
    assert conversation(tab, LIE).count() == 0

    page.fill("#wd-search input, #wd-search textarea", "fiddlers BERTHS")
    page.wait_for_function("document.querySelectorAll('.wd-conversation').length === 1")
    page.fill("#wd-search input, #wd-search textarea", "walrus of nowhere")
    page.locator("text=No conversation holds these words.").wait_for()
    page.fill("#wd-search input, #wd-search textarea", "")
    conversation(tab, CHANNEL).first.wait_for()

    conversation(tab, CHANNEL).first.locator(".wd-open-conversation").click()
    page.wait_for_function("document.querySelector('#wd-chat')?.innerText.includes('announce herself')")
    assert "On channel 12." in said(tab)[-1]
    renamed.get_by_role("button", name="Delete").click()
    renamed.get_by_role("button", name="Keep").click()
    renamed.get_by_role("button", name="Delete").click()
    page.keyboard.press("Escape")
    assert renamed.count() == 1
    renamed.get_by_role("button", name="Delete").click()
    renamed.locator(".wd-yes").click()
    renamed.wait_for(state="detached")
    assert "On channel 12." in said(tab)[-1]  # the other one is open
    assert page.evaluate("window.pwned") is None


def test_a_conversation_that_is_open_twice_is_one(browser: Any, tab: Tab, server: Server) -> None:
    tab.ask("Which channel is it that both windows ask about?")
    tab.wait_answer()
    with a_tab(browser, server) as second:
        conversation(second, "both windows").locator(".wd-open-conversation").click()
        second.page.locator(".wd-citations button").first.wait_for()
        second.ask(LIE)
        second.wait_answer()
        tab.page.wait_for_function("document.querySelectorAll('#wd-chat [data-testid=bot]').length === 2")
        until(lambda: said(tab) == said(second))  # the other window shows it while it is written, too


def test_damage_is_said_and_hides_nothing(tab: Tab, server: Server) -> None:
    tab.ask(CHANNEL)
    tab.wait_answer()
    damaged = server.home / "conversations" / f"{'d' * 16}.jsonl"
    damaged.write_text('{"id": "<script>')
    tab.page.reload()
    tab.wait_ready()
    tab.page.locator("#wd-conversations", has_text="1 conversation cannot be read").wait_for()
    assert conversation(tab, CHANNEL).count() >= 1
    damaged.unlink()


def test_what_a_browser_remembers_is_not_trusted(tab: Tab) -> None:
    for nonsense in ("{", json.dumps({"conversation": "../../x", "selected": ["../x", 1]}), json.dumps([1])):
        tab.page.evaluate("text => sessionStorage.setItem('wholedoc', text)", nonsense)
        tab.page.reload()
        tab.wait_ready()
        assert said(tab) == []


# The question that is asked instead


def test_a_rewritten_question_is_shown_and_can_be_corrected(tab: Tab) -> None:
    page = tab.page
    tab.ask(CHANNEL)
    tab.wait_answer()
    tab.ask("And where does it lie?")
    page.wait_for_function("document.querySelectorAll('#wd-chat [data-testid=bot]').length === 2")
    tab.wait_answer()
    line = page.locator("#wd-chat .wd-asked-as")
    assert "yacht lie?" in line.inner_text()
    assert (
        line.bounding_box()["y"] < page.locator("#wd-chat", has_text="At Fiddlers Hard.").bounding_box()["y"] + 2000
    )
    assert page.evaluate("window.pwned") is None
    line.get_by_role("button", name="Correct").click()
    page.keyboard.press("Escape")
    line.get_by_role("button", name="Correct").click()
    line.locator("input").fill("Which channel does it use?")
    page.keyboard.press("Enter")
    page.wait_for_function("document.querySelectorAll('#wd-chat .wd-asked-as').length === 0")
    assert "On channel 12." in tab.wait_answer()
    assert [one for one in said(tab) if one.endswith("?")] == [CHANNEL, "Which channel does it use?"]
