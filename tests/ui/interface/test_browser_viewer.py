"""The viewer in a real browser: a document is read page by page, searched, and citations land in it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from wholedoc_ui.session import COMES_BACK_S

from ..browser import SECOND, Server, Tab, a_server
from ..long_pdf import write_long_pdf

pytest.importorskip("gradio")
pytestmark = pytest.mark.embedded
SAMPLES = Path(__file__).parents[3] / "sample_docs"
NOTICE = SAMPLES / "short_notice.pdf"
CHANNEL = "Which radio channel should a yacht use to announce herself?"
PAGES = 1158


@pytest.fixture(scope="module")
def server(browser: Any, notice_library: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all tests, as they are many tabs of one person."""
    with a_server(tmp_path_factory.mktemp("library"), notice_library, NOTICE) as running:
        yield running


@pytest.fixture(scope="module")
def long_document(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_long_pdf(tmp_path_factory.mktemp("long") / "ferries.pdf", PAGES)


def open_document(tab: Tab, name: str) -> None:
    tab.show("Documents")
    tab.row(name).locator(".wd-open-document").click()
    tab.page.locator(".wd-viewer-name", has_text=name).wait_for()


def put(tab: Tab, file: Path) -> None:
    """Put a document on the shelf without having it read."""
    tab.show("Documents")
    if tab.row(file.name).count():
        return
    tab.drop(file)
    tab.page.locator(".wd-arrival", has_text=file.name).locator("progress").wait_for()
    tab.page.click("#wd-stop-reading")
    tab.page.locator(".wd-arrival", has_text=file.name).wait_for(state="detached")


def go(tab: Tab, page: str) -> None:
    tab.page.fill(".wd-viewer-page", page)
    tab.page.keyboard.press("Enter")


def drawn(tab: Tab, page: int) -> Any:
    return tab.page.locator(f".wd-sheet[data-page='{page}'] img")


def test_the_document_is_there_without_asking(tab: Tab) -> None:
    page = tab.page
    open_document(tab, NOTICE.name)
    drawn(tab, 1).wait_for()
    assert page.locator("#wd-chat [data-testid=user]").count() == 0
    assert tab.opened() == "i"
    assert page.inner_text(".wd-viewer-count") == "(1 of 5)"
    page.locator(".wd-viewer-scroll").evaluate("scroll => { scroll.scrollTop = scroll.scrollHeight; }")
    tab.wait_opened("4")
    drawn(tab, 5).wait_for()
    go(tab, "ii")  # which no page is
    assert tab.opened() == "4"
    go(tab, "2")
    tab.wait_opened("2")
    assert page.evaluate("document.querySelector('.wd-viewer-strip').ariaValueNow") == "3"


def test_pages_get_larger_and_fit_again(tab: Tab) -> None:
    page = tab.page
    open_document(tab, NOTICE.name)
    go(tab, "3")
    drawn(tab, 4).wait_for()
    width = "document.querySelector('.wd-sheet').clientWidth"
    fit, sharp = page.evaluate(width), "document.querySelector('.wd-sheet[data-page=\"4\"] img').naturalWidth"
    pixels = page.evaluate(sharp)
    for _ in range(2):
        page.click(".wd-viewer-larger")
    assert page.evaluate(width) == pytest.approx(1.5 * fit, abs=2)
    page.wait_for_function(f"{sharp} > {pixels}")
    assert tab.opened() == "3"
    page.click(".wd-viewer-fit")
    assert page.evaluate(width) == pytest.approx(fit, abs=2)
    assert tab.opened() == "3"


def test_the_words_of_a_drawn_page_can_be_selected(tab: Tab) -> None:
    """The invisible letters stand where the picture shows them, whatever the zoom."""
    page = tab.page
    open_document(tab, NOTICE.name)
    go(tab, "3")
    drawn(tab, 4).wait_for()
    line = page.locator(".wd-sheet[data-page='4'] .wd-letters span").nth(3)
    line.wait_for()
    said = line.inner_text()
    assert len(said.split()) > 4
    page.fill(".wd-viewer-find", said)
    page.keyboard.press("Enter")
    for _ in range(2):
        marked = page.locator(".wd-sheet[data-page='4'] .wd-hit").first
        marked.wait_for()
        there, here = marked.bounding_box(), line.bounding_box()
        for side in ("x", "y", "width"):
            assert here[side] == pytest.approx(there[side], abs=0.02 * there["width"]), side
        line.click(click_count=3)
        assert " ".join(page.evaluate("getSelection().toString()").split()) == said
        page.click(".wd-viewer-larger")
        tab.wait_opened("3")


def test_words_are_found_stepped_through_and_marked(tab: Tab) -> None:
    page = tab.page
    open_document(tab, NOTICE.name)
    page.focus(".wd-viewer-scroll")
    page.keyboard.press("Control+f")
    page.keyboard.type("signal STATION")
    page.keyboard.press("Enter")
    page.locator(".wd-hit.wd-current").first.wait_for()
    said = page.inner_text(".wd-viewer-hits")
    total = int(said.split()[-1])
    assert said == f"1 of {total}"
    assert total > 1
    assert page.locator(".wd-viewer-panel li").count() == total
    assert page.locator(".wd-tick-hit").count() >= 1
    page.keyboard.press("Enter")
    page.wait_for_function("document.querySelector('.wd-viewer-hits').innerText.startsWith('2 of')")
    page.click(".wd-viewer-before")
    page.click(".wd-viewer-before")
    page.wait_for_function(f"document.querySelector('.wd-viewer-hits').innerText.startsWith('{total} of')")
    page.locator(".wd-viewer-panel button").first.click()
    page.wait_for_function("document.querySelector('.wd-viewer-hits').innerText.startsWith('1 of')")
    box = page.locator(".wd-hit.wd-current").first.bounding_box()
    seen = page.locator(".wd-viewer-scroll").bounding_box()
    assert seen["y"] <= box["y"] <= seen["y"] + seen["height"]
    page.fill(".wd-viewer-find", "submarine")
    page.keyboard.press("Enter")
    page.locator(".wd-viewer-hits", has_text="Not in it").wait_for()
    page.keyboard.press("Escape")
    assert page.locator(".wd-hit").count() == page.locator(".wd-tick-hit").count() == 0


def test_a_citation_lands_in_it_and_does_so_again(tab: Tab) -> None:
    page = tab.page
    tab.ask(CHANNEL)
    tab.wait_answer()
    page.locator(".wd-highlight").first.wait_for()
    assert page.locator(".wd-tick-cited").count() >= 1
    for _ in range(2):
        go(tab, "4")
        tab.wait_opened("4")
        page.locator(".wd-source").first.click()
        tab.wait_opened("1")
        page.wait_for_function(
            """() => { const mark = document.querySelector('.wd-highlight')?.getBoundingClientRect();
            const seen = document.querySelector('.wd-viewer-scroll').getBoundingClientRect();
            return mark && mark.top >= seen.top && mark.bottom <= seen.bottom; }"""
        )


def test_an_answer_without_citations_leaves_no_quote_marked(tab: Tab) -> None:
    tab.ask(CHANNEL)
    tab.wait_answer()
    tab.page.locator(".wd-highlight").first.wait_for()
    tab.ask("How do I bake a chocolate cake?")
    assert "Not found" in tab.wait_answer()
    tab.page.locator(".wd-highlight").first.wait_for(state="detached")


def test_the_quote_stands_beside_its_number(tab: Tab) -> None:
    page = tab.page
    tab.ask(CHANNEL)
    tab.wait_answer()
    number = page.locator("#wd-chat .wd-source").first
    number.hover()
    page.locator("#wd-quote", has_text="channel 12").wait_for()
    assert page.inner_text("#wd-quote").startswith("p. 1")
    page.mouse.move(5, 5)
    page.locator("#wd-quote").wait_for(state="hidden")
    number.focus()
    page.locator("#wd-quote", has_text="channel 12").wait_for()
    page.keyboard.press("Escape")
    page.locator("#wd-quote").wait_for(state="hidden")


def test_a_text_is_read_in_the_same_viewer(tab: Tab, tmp_path: Path) -> None:
    page = tab.page
    file = tmp_path / "a log of ferries.txt"
    paragraphs = [f"Entry {n}. The ferry left with {n * 31} sheep. <b>{'Word ' * 80}</b>" for n in range(120)]
    file.write_text("\n\n".join(paragraphs), encoding="utf-8")
    put(tab, file)
    open_document(tab, file.name)
    page.locator(".wd-text", has_text="Entry 0.").wait_for()
    assert page.locator(".wd-text b").count() == 0
    page.fill(".wd-viewer-find", "Entry 97.")
    page.keyboard.press("Enter")
    current = page.locator("mark.wd-current", has_text="Entry 97.")
    current.wait_for()
    box, seen = current.bounding_box(), page.locator(".wd-viewer-scroll").bounding_box()
    assert seen["y"] <= box["y"] <= seen["y"] + seen["height"]
    tab.remove(file.name)


@pytest.mark.timeout(300)
def test_many_pages_scroll_and_few_are_kept(tab: Tab, long_document: Path) -> None:
    page = tab.page
    put(tab, long_document)
    open_document(tab, long_document.name)
    drawn(tab, 1).wait_for()
    assert page.inner_text(".wd-viewer-count") == "of 1,158"
    most = page.evaluate(
        """async () => {
          const scroll = document.querySelector('.wd-viewer-scroll');
          let most = 0;
          for (let step = 0; step <= 60; step++) {
            scroll.scrollTop = (scroll.scrollHeight * step) / 60;
            await new Promise(requestAnimationFrame);
            await new Promise(requestAnimationFrame);
            most = Math.max(most, document.querySelectorAll('.wd-sheet').length);
          }
          return most;
        }"""
    )
    assert most <= 12
    tab.wait_opened(str(PAGES))
    drawn(tab, PAGES).wait_for()
    page.fill(".wd-viewer-find", "heronry")
    page.keyboard.press("Enter")
    page.locator(".wd-hit.wd-current").wait_for()
    tab.wait_opened("900")
    page.click(".wd-viewer-contents")
    page.locator(".wd-viewer-entry", has_text="Chapter 51").click()
    tab.wait_opened("501")
    page.locator(".wd-viewer-strip").focus()
    page.keyboard.press("ArrowRight")
    tab.wait_opened("502")
    page.keyboard.press("End")
    tab.wait_opened(str(PAGES))
    open_document(tab, NOTICE.name)
    drawn(tab, 1).wait_for()
    open_document(tab, long_document.name)
    tab.wait_opened(str(PAGES))  # where it was left
    assert page.locator(".wd-sheet").count() <= 12


def test_who_turns_pages_waits_for_none_that_was_passed(tab: Tab, long_document: Path) -> None:
    """Pages beside the view, and those that were scrolled past, used to be drawn before the one in view."""
    page = tab.page
    put(tab, long_document)
    open_document(tab, long_document.name)
    drawn(tab, 1).wait_for()
    asked: list[int] = []
    waiting: set[str] = set()
    most = 0

    def begins(request: Any) -> None:
        nonlocal most
        if "/picture" in request.url:
            asked.append(int(request.url.split("/picture")[0].rsplit("/", 1)[1]))
            waiting.add(request.url)
            most = max(most, len(waiting))

    page.on("request", begins)
    page.on("requestfinished", lambda request: waiting.discard(request.url))
    failed: list[str] = []
    page.on("requestfailed", lambda request: failed.append(request.url))
    page.wait_for_timeout(1000)  # what is beside the first page is there
    asked.clear()
    for number in range(100, 1000, 100):
        go(tab, str(number))
        drawn(tab, number).wait_for()
        beside = {number - 1, number + 1}
        assert next(one for one in asked if one in beside | {number}) == number
    page.locator(".wd-viewer-scroll").evaluate(
        """async scroll => {
          for (let step = 0; step <= 40; step++) {
            scroll.scrollTop = (scroll.scrollHeight * step) / 40;
            await new Promise(requestAnimationFrame);
          }
        }"""
    )
    drawn(tab, PAGES).wait_for()
    assert most <= 2
    assert failed == []  # nothing is given up, which the process that draws would draw all the same


def test_a_page_that_cannot_be_drawn_is_its_text(tab: Tab, server: Server, tmp_path: Path) -> None:
    page = tab.page
    tab.drop(SAMPLES / "encrypted.pdf")
    page.fill("#wd-password input", "lighthouse")
    page.keyboard.press("Enter")
    tab.wait_read("encrypted.pdf")
    open_document(tab, "encrypted.pdf")
    page.locator(".wd-text").wait_for()
    assert "encrypted" in page.inner_text(".wd-viewer-note")
    tab.remove("encrypted.pdf")


def test_a_reload_reads_on(tab: Tab, tmp_path: Path) -> None:
    """It used to stop the reading that the tab had started."""
    page = tab.page
    file = tmp_path / "a log of lighthouses.txt"
    file.write_text("\n\n".join(f"Entry {n}: the lamp was lit {n * 37} times." for n in range(3000)))
    tab.drop(file)
    page.locator(".wd-arrival progress").wait_for()
    left = time.monotonic()
    page.reload()
    tab.wait_ready()
    page.locator(".wd-arrival", has_text=file.name).locator("progress").wait_for()
    assert "in another window" not in page.inner_text(".wd-arrival")
    longer = left + COMES_BACK_S + 2 - time.monotonic()  # than a closed tab's would go on
    page.wait_for_timeout(max(longer, 0) * SECOND)
    assert page.locator(".wd-arrival progress").count() == 1
    page.locator("#wd-stop-reading").click()
    page.locator(".wd-arrival").wait_for(state="detached")
    tab.remove(file.name)


def test_settings_say_what_has_no_effect(tab: Tab) -> None:
    page = tab.page
    page.locator("#wd-settings .toggle-button").click()
    assert page.get_by_label("Language of the answers").is_visible()
    assert not page.get_by_label("How documents are seen").is_visible()
    page.locator("#wd-advanced button.label-wrap").click()
    hosts = page.get_by_label("number input for Blocks of APB and Star-Attention")
    assert hosts.is_disabled()
    page.get_by_label("How documents are seen").click()
    page.get_by_role("option", name="APB per question").click()
    page.locator("#wd-scoring", has_text="Without effect: this is for parallel parts.").wait_for()
    assert hosts.is_enabled()
    page.keyboard.press("Escape")


def test_the_model_in_use_is_named_beside_the_shelf(tab: Tab) -> None:
    page = tab.page
    said = page.inner_text("#wd-model-in-use button.label-wrap")
    assert "smollm2-135m (small" in said
    page.locator("#wd-model-in-use button.label-wrap").click()
    page.locator(".wd-model", has_text="qwen2.5-coder-0.5b").wait_for()
    assert "to fetch" in page.inner_text(".wd-model[data-model='qwen2.5-coder-0.5b']")


def test_letters_are_large_enough(tab: Tab) -> None:
    page = tab.page
    tab.ask(CHANNEL)
    tab.wait_answer()
    page.locator(".wd-sheet img").first.wait_for()
    small = """() => [...document.querySelectorAll("body *")]
      .filter(one => [...one.childNodes].some(node => node.nodeType === 3 && node.textContent.trim()))
      .filter(one => one.checkVisibility({ checkVisibilityCSS: true }) && !one.closest("script, style"))
      .filter(one => !one.closest(".wd-letters")) // as large as the picture has them
      .filter(one => parseFloat(getComputedStyle(one).fontSize) < 13)
      .map(one => `${getComputedStyle(one).fontSize}: ${one.outerHTML.slice(0, 120)}`)"""
    assert page.evaluate(small) == []
    page.locator("#wd-settings .toggle-button").click()
    page.locator("#wd-advanced button.label-wrap").click()
    page.locator("#wd-apply").wait_for()
    assert page.evaluate(small) == []
    answer = page.locator("#wd-chat [data-testid=bot] p").first
    assert answer.evaluate("one => getComputedStyle(one).fontSize") == "16px"
