"""The shelf and the evidence in a real browser: what is asked stays as it was chosen, and what is shown is true."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ..browser import Server, Tab, a_server, a_tab

pytest.importorskip("gradio")
pytestmark = pytest.mark.embedded
SAMPLES = Path(__file__).parents[3] / "sample_docs"
NOTICE = SAMPLES / "short_notice.pdf"
CHANNEL = "Which radio channel should a yacht use to announce herself?"
FERRY = "\n\n".join(f"Entry {n}: the ferry of day {n} left at nine with {n * 31} sheep." for n in range(60))


@pytest.fixture(scope="module")
def server(browser: Any, notice_library: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all tests, as they are many tabs of one person."""
    with a_server(tmp_path_factory.mktemp("library"), notice_library, NOTICE) as running:
        yield running


@pytest.fixture
def ferry(tmp_path: Path) -> Path:
    """A document that no other test has."""
    file = tmp_path / f"ferry {tmp_path.name[-12:]}.txt"
    file.write_text(f"{file.name}\n\n{FERRY}", encoding="utf-8")
    return file


# What is asked


def test_not_found_is_said_once_and_names_what_was_asked(tab: Tab, ferry: Path) -> None:
    tab.use(ferry)
    tab.page.get_by_role("button", name="Ask all 2 together").click()
    for name in (NOTICE.name, ferry.name):
        tab.row(name).locator("input:checked").wait_for()
    tab.ask("How do I bake a chocolate cake?")
    said = tab.wait_answer()
    assert said.startswith("Not found in ")
    assert NOTICE.name in said
    assert ferry.name in said
    assert tab.page.locator("body").inner_text().lower().count("not found") == 1
    tab.remove(ferry.name)


def test_a_document_that_comes_in_a_conversation_is_not_asked_unless_wanted(tab: Tab, ferry: Path) -> None:
    page = tab.page
    tab.ask(CHANNEL)
    tab.wait_answer()
    tab.drop(ferry)
    beside = page.locator(".wd-arrival", has_text="This conversation goes on with the documents that are ticked")
    beside.wait_for()
    assert tab.row(NOTICE.name).locator("input").is_checked()
    assert not tab.row(ferry.name).locator("input").is_checked()
    beside.get_by_role("button", name="Ask").click()
    beside.wait_for(state="detached")
    for name in (NOTICE.name, ferry.name):
        assert tab.row(name).locator("input").is_checked()
    tab.remove(ferry.name)


def test_removing_asks_first_and_citations_say_it(tab: Tab, ferry: Path) -> None:
    page = tab.page
    tab.use(ferry)
    tab.ask("How many sheep did the ferry of day 7 take?")
    tab.wait_answer()
    page.locator(".wd-citations button").first.wait_for()
    row = tab.row(ferry.name)
    row.get_by_role("button", name="Remove").click()
    row.get_by_role("button", name="Keep").click()
    assert row.count() == 1
    tab.remove(ferry.name)
    gone = page.locator(".wd-citations button", has_text="removed").first
    gone.wait_for()
    assert ferry.name in gone.inner_text()
    gone.click()
    page.locator(".wd-removed", has_text=f"{ferry.name} was removed from the library").wait_for()
    page.reload()
    tab.wait_ready()
    page.locator(".wd-citations button", has_text="removed").first.wait_for()


def test_other_windows_follow_the_shelf(browser: Any, tab: Tab, server: Server, ferry: Path) -> None:
    with a_tab(browser, server) as second:
        tab.drop(ferry)
        second.page.locator(".wd-arrival", has_text=ferry.name).or_(second.row(ferry.name)).first.wait_for()
        second.wait_read(ferry.name)
        second.page.locator(".wd-arrival").wait_for(state="detached")
        second.remove(ferry.name)
        tab.row(ferry.name).wait_for(state="detached")


# What is dropped


def test_a_password_is_asked_for_by_name_and_can_be_left_out(tab: Tab, server: Server) -> None:
    page = tab.page
    tab.drop(SAMPLES / "encrypted.pdf", SAMPLES / "harbour_register.pdf")
    box = page.get_by_label("Password of encrypted.pdf")
    box.wait_for()
    seen = box.bounding_box()
    assert seen["y"] + seen["height"] <= 900
    page.locator(".wd-arrival progress").wait_for()  # the other one is being read meanwhile
    page.click("#wd-no-password")
    box.wait_for(state="detached")
    assert page.locator(".wd-arrival", has_text="encrypted.pdf").count() == 0
    page.click("#wd-stop-reading")
    page.locator(".wd-arrival").wait_for(state="detached")
    tab.remove("harbour_register.pdf")
    assert not list((server.home / "incoming").rglob("encrypted.pdf"))


def test_a_wrong_type_of_file_is_said_in_its_place(tab: Tab, tmp_path: Path) -> None:
    page = tab.page
    file = tmp_path / "letter.doc"
    file.write_bytes(bytes.fromhex("d0cf11e0a1b11ae1") * 64)
    tab.drop(file)
    failed = page.locator(".wd-arrival.wd-failed", has_text="letter.doc")
    failed.wait_for()
    assert "PDF" in failed.inner_text()
    assert page.locator(".toast-body").count() == 0
    failed.get_by_role("button", name="Put away letter.doc").click()
    failed.wait_for(state="detached")


# What is shown


def test_what_stayed_is_what_is_highest(browser: Any, server: Server, tab: Tab) -> None:
    """Bars were as high as the likelihood alone, while words had a say in what stayed."""
    page = tab.page
    page.locator("#wd-settings .toggle-button").click()
    page.locator("#wd-advanced button.label-wrap").click()
    kept = page.get_by_label("number input for Tokens kept of the documents")
    kept.fill("1024")
    kept.press("Enter")
    page.keyboard.press("Escape")
    tab.ask("What does rule 4 say about Mercy Dock and springs?")
    tab.wait_answer()
    height = "Number(one.style.getPropertyValue('--height'))"
    bars = page.locator(".wd-bar").evaluate_all(
        f"bars => bars.map(one => [one.classList.contains('wd-kept'), {height}])"
    )
    stayed = [height for is_kept, height in bars if is_kept]
    others = [height for is_kept, height in bars if not is_kept]
    assert stayed
    assert others
    assert min(stayed) >= max(others)
    said = page.inner_text(".wd-legend")
    assert f"the {len(stayed)} highest stayed" in said
    assert "nats" not in page.inner_html("#wd-strip")


@pytest.mark.parametrize("window", [(1400, 900), (390, 844)])
def test_a_clicked_citation_comes_into_view(browser: Any, server: Server, window: tuple[int, int]) -> None:
    """It stood at 994 px of a window of 900."""
    width, height = window
    with a_tab(browser, server, viewport={"width": width, "height": height}) as tab:
        tab.use(NOTICE)
        tab.ask("How many litres of spirits are sealed, and what is the fee at Fiddlers Hard?")
        tab.wait_answer()
        tab.show("Pages")
        for one in tab.page.locator(".wd-citations button").all():
            one.click()
            tab.page.locator(".wd-citations button[aria-current]").wait_for()
            tab.page.wait_for_timeout(800)
            place = tab.page.locator(".wd-highlight").first.bounding_box()
            assert place is not None
            assert place["y"] >= 0
            assert place["y"] + place["height"] <= height


def test_a_citation_is_a_sheet_over_the_chat_on_a_phone(browser: Any, server: Server) -> None:
    with a_tab(browser, server, viewport={"width": 390, "height": 844}) as tab:
        page = tab.page
        tab.use(NOTICE)
        tab.ask(CHANNEL)
        tab.wait_answer()
        source = page.locator("#wd-chat .wd-source").first
        source.click()
        page.locator(".wd-sheet img").first.wait_for()
        box = page.locator("#wd-right").bounding_box()
        assert box is not None
        assert box["y"] > 60
        assert box["y"] + box["height"] == 844
        assert page.locator("#wd-chat").is_visible()  # behind it
        page.keyboard.press("Escape")
        page.locator("#wd-right").wait_for(state="hidden")
        assert page.evaluate("document.activeElement.className") == "wd-source"
        source.click()
        page.locator(".wd-put-away").click()
        page.locator("#wd-right").wait_for(state="hidden")
        source.click()
        page.mouse.click(195, 20)  # above it
        page.locator("#wd-right").wait_for(state="hidden")
        tab.show("Pages")
        assert page.locator("#wd-right").is_visible()
        assert not page.locator("#wd-chat").is_visible()


def test_the_composer_is_one_box_at_the_bottom(tab: Tab) -> None:
    page = tab.page
    box = page.locator("#wd-composer").bounding_box()
    assert box is not None
    for part in ("#wd-asked .wd-chip", "#wd-question textarea", "#wd-scope label"):
        inside = page.locator(f"#wd-composer {part}").first.bounding_box()
        assert inside is not None
        assert box["y"] <= inside["y"]
        assert inside["y"] + inside["height"] <= box["y"] + box["height"]
    assert 900 - 60 < box["y"] + box["height"] <= 900
    assert box["height"] < 180


PLACES = """() => ["#wd-question", "#wd-scope", "#wd-chat", "#wd-drop"]
  .map(id => document.querySelector(id).getBoundingClientRect().top)"""


def test_nothing_jumps_between_question_and_answer(tab: Tab) -> None:
    page = tab.page
    tab.ask(CHANNEL)
    places = [page.evaluate(PLACES)]
    tab.wait_status("Asking|Looking|Answering|channel")
    places.append(page.evaluate(PLACES))
    tab.wait_answer()
    places.append(page.evaluate(PLACES))
    tab.ask("How do I bake a chocolate cake?")
    tab.wait_answer()
    places.append(page.evaluate(PLACES))
    assert all(one == places[-1] for one in places[1:]), places
    assert places[-1][0] + 60 < 900  # the question box is in sight


def test_rates_are_told_where_they_mean_something(tab: Tab) -> None:
    """An answer of ten tokens that were copied at once was said to come at 1,764 tokens a second."""
    tab.ask(CHANNEL)
    assert "12" in tab.wait_answer()
    assert "tokens/s" not in tab.cost()
    assert "of 13 parts" in tab.page.inner_text("#wd-chat .wd-cost summary")
