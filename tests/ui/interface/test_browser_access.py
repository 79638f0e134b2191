"""The page for everybody, in a real browser: by keyboard alone, for weak eyes and for unsteady hands."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ..browser import Server, Tab, a_server, a_tab

pytest.importorskip("gradio")
axe = pytest.importorskip("axe_playwright_python.sync_playwright")
pytestmark = pytest.mark.embedded
NOTICE = Path(__file__).parents[3] / "sample_docs" / "short_notice.pdf"
CHANNEL = "Which radio channel should a yacht use to announce herself?"
WINDOWS = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}},
}


@pytest.fixture(scope="module")
def server(browser: Any, notice_library: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all tests, with one conversation in its library."""
    with a_server(tmp_path_factory.mktemp("library"), notice_library, NOTICE) as running:
        with a_tab(browser, running) as tab:
            tab.use(NOTICE)
            tab.ask(CHANNEL)
            tab.wait_answer()
        yield running


def open_conversation(tab: Tab) -> None:
    tab.show("Documents")
    tab.page.locator(".wd-open-conversation").first.click()
    tab.page.locator(".wd-citations button").first.wait_for(state="attached")
    tab.page.locator(".wd-opens").wait_for(state="attached")


def open_settings(tab: Tab) -> None:
    tab.page.locator("#wd-settings .toggle-button").click()
    tab.page.locator("#wd-advanced button.label-wrap").click()
    tab.page.locator("#wd-apply").wait_for()
    tab.page.wait_for_timeout(500)  # it slides in


def serious(tab: Tab) -> list[str]:
    """Return what axe-core finds serious or worse: contrast, names, roles, order, and the size of targets."""
    found = axe.Axe().run(tab.page, options={"rules": {"target-size": {"enabled": True}}})
    return [
        f"{one['id']}: {node['html'][:120]}"
        for one in found.response["violations"]
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]


@pytest.mark.parametrize("window", WINDOWS)
def test_axe_finds_nothing_serious(browser: Any, server: Server, window: str) -> None:
    with a_tab(browser, server, **WINDOWS[window]) as tab:
        assert serious(tab) == []
        open_conversation(tab)
        for part in ("Pages", "Chat", "Documents"):
            tab.show(part)
            assert serious(tab) == []
        row = tab.row(NOTICE.name)
        row.get_by_role("button", name="Remove").click()
        tab.page.locator(".wd-conversation").first.get_by_role("button", name="Rename").click()
        assert serious(tab) == []
        tab.show("Chat")
        tab.page.locator("#wd-chat .wd-cost summary").click()
        assert serious(tab) == []
        open_settings(tab)
        assert serious(tab) == []


# What takes a click is 24 px high and wide, with the label that belongs to it. Numbers in a text are exempt.
SMALL = """() => [...document.querySelectorAll("button, input, textarea, select, summary, a, [role=button]")]
  .map(one => one.closest("label") ?? one)
  .filter(one => one.checkVisibility({ checkVisibilityCSS: true }) && !one.closest(".wd-bars"))
  .filter(one => one.type !== "file")
  .map(one => [one, one.getBoundingClientRect()])
  .filter(([, box]) => box.width > 0 && (box.width < 24 || box.height < 24))
  .map(([one, box]) => `${Math.round(box.width)} x ${Math.round(box.height)}: ${one.outerHTML.slice(0, 160)}`)"""


@pytest.mark.parametrize("window", WINDOWS)
def test_targets_are_large_enough(browser: Any, server: Server, window: str) -> None:
    with a_tab(browser, server, **WINDOWS[window]) as tab:
        open_conversation(tab)
        for part in ("Pages", "Chat", "Documents"):
            tab.show(part)
            assert tab.page.evaluate(SMALL) == []
        open_settings(tab)
        assert tab.page.evaluate(SMALL) == []


FOCUS = """() => {
  const one = document.activeElement, style = getComputedStyle(one), box = one.getBoundingClientRect();
  const label = one.closest("label"), around = label ? getComputedStyle(label) : style;
  const lit = [style, around].some(s => s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 2);
  const column = one.closest("#wd-left, #wd-middle, #wd-right, #wd-settings")?.id ?? "";
  const seen = one.checkVisibility({ checkVisibilityCSS: true }) && box.right > 0 && box.left < innerWidth;
  return { column, lit, seen, html: one.outerHTML.slice(0, 400), body: one === document.body };
}"""


def tabs_through(tab: Tab) -> list[dict[str, Any]]:
    """Return what has the focus after each press of Tab, until it is back at the start."""
    found: list[dict[str, Any]] = []
    for _ in range(80):
        tab.page.keyboard.press("Tab")
        now = tab.page.evaluate(FOCUS)
        if now["body"] or (found and now["html"] == found[0]["html"]):
            break
        found.append(now)
    return found


def test_the_keyboard_comes_to_everything_in_order(browser: Any, server: Server) -> None:
    """The closed settings used to take the first Tabs, and nobody saw where the focus was."""
    with a_tab(browser, server) as tab:
        open_conversation(tab)
        tab.page.locator("h1").click()  # the keyboard begins here
        stops = tabs_through(tab)
        assert [one["html"] for one in stops if not (one["lit"] and one["seen"])] == []
        columns = [one["column"] for one in stops if one["column"]]
        assert list(dict.fromkeys(columns)) == ["wd-left", "wd-middle", "wd-right", "wd-settings"]
        assert columns == sorted(columns, key=["wd-left", "wd-middle", "wd-right", "wd-settings"].index)
        assert columns.count("wd-settings") == 1  # the button that opens them
        for part in (
            *("upload", "checkbox", "wd-open-document", "Remove", "wd-open-conversation", "textarea", "wd-retry"),
            *("wd-bar", "open_citation", "wd-viewer-page", "wd-viewer-find", "wd-viewer-strip", "wd-viewer-scroll"),
        ):
            assert any(part in one["html"] for one in stops), part


def test_escape_closes_and_stops(browser: Any, server: Server) -> None:
    with a_tab(browser, server) as tab:
        page = tab.page
        open_settings(tab)
        page.keyboard.press("Escape")
        page.wait_for_selector("#wd-settings:not(.open)", state="attached")
        row = tab.row(NOTICE.name)
        row.get_by_role("button", name="Remove").press("Enter")
        assert row.locator(".wd-sure").is_visible()
        page.keyboard.press("Escape")
        assert not row.locator(".wd-sure").is_visible()
        assert page.evaluate("document.activeElement.dataset.opens") == "wd-sure"
        tab.drop(NOTICE.with_name("harbour_register.pdf"))
        page.locator(".wd-arrival progress").wait_for()
        tab.row("harbour_register.pdf").wait_for()
        tab.choose("harbour_register.pdf")
        tab.ask("Who was fined?")
        tab.wait_status("Reading")
        page.keyboard.press("Escape")
        assert "Stopped." in tab.wait_status("Stopped")
        page.click("#wd-stop-reading")
        page.locator(".wd-arrival").wait_for(state="detached")


def test_the_settings_lie_over_the_page(browser: Any, server: Server) -> None:
    """They used to push it aside, so that everything jumped, and the focus could leave them."""
    with a_tab(browser, server) as tab:
        page = tab.page
        columns = "['wd-left', 'wd-middle'].map(id => document.getElementById(id).getBoundingClientRect().toJSON())"
        before = page.evaluate(columns)
        gear = page.locator("#wd-settings .toggle-button")
        gear.press("Enter")
        page.locator("#wd-settings[role=dialog]").wait_for()
        page.wait_for_timeout(500)  # it slides in
        assert page.evaluate(columns) == before
        stops = []
        for _ in range(12):  # more than they have, so that it goes round
            page.keyboard.press("Tab")
            stops.append(page.evaluate(FOCUS))
        within = [one for one in stops if not one["body"]]  # Gradio's list of choices gives the focus to nothing
        assert len(within) > 8
        assert {one["column"] for one in within} == {"wd-settings"}
        page.keyboard.press("Escape")
        page.wait_for_selector("#wd-settings:not(.open)", state="attached")
        assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "Settings"
        gear.click()
        page.locator("#wd-settings[role=dialog]").wait_for()
        page.mouse.click(200, 500)  # beside them, which acts on nothing below
        page.wait_for_selector("#wd-settings:not(.open)", state="attached")
        assert page.evaluate(columns) == before


def test_motion_is_left_out_for_those_who_want_none(browser: Any, server: Server) -> None:
    with a_tab(browser, server, reduced_motion="reduce") as tab:
        moving = """() => document.getAnimations().filter(one => one.playState === "running").length"""
        open_settings(tab)
        assert tab.page.evaluate(moving) == 0
