"""Questions to every part, in a real browser: tables that are sorted, filtered and saved, summaries, and the choice
of how much is asked.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ..browser import Server, Tab, a_server, a_tab

pytest.importorskip("gradio")
pytestmark = pytest.mark.embedded
NOTICE = Path(__file__).parents[3] / "sample_docs" / "short_notice.pdf"
# `wholedoc` with a writer that finds a few names of the notice, is sure of all but one, and is slow if it is told
# so.
PROGRAM = """
import time
from parallelcomp import Cancelled
from wholedoc import Library
from wholedoc.cli import main
from wholedoc.writers.writer import Written

PLACES = ("Outer Road", "North Mole", "Fiddlers Hard", "Mercy Dock", "Cold Point", "yellow flag")

class Ruled:
    name, here, sends_to = "ruled", False, None

    def write(self, messages, sampling, cancelled=None):
        told = messages[-1].content
        if "slowly" in told:
            time.sleep(0.3)
        if cancelled is not None and cancelled():
            raise Cancelled
        yield self.said(told)
        return Written(1, cut_short=False)

    def said(self, told):
        if told.startswith("Summarise the passages"):
            return " ".join(told.split("]\\n", 1)[-1].split()[:60])
        if told.startswith("These are notes"):
            return told.split(": ", 1)[-1].split("\\n")[0]
        if "What kind of document" in told:
            return "A notice"
        if "Write one short question" in told:
            return "Which radio channel should a yacht use to announce herself?"
        if "Answer Yes or No" in told:
            return "No" if "Proposed answer: yellow flag" in told else "Yes"
        if "one per line" in told:
            passage = told.split("\\n\\nQuestion:")[0]
            return "\\n".join(one for one in PLACES if one in passage) or "Not stated."
        return "On channel 12."

Library.writer = property(lambda self: WRITER)
WRITER = Ruled()
main()
"""
LIST = "List all places where a yacht may lie."
ONE_PLACE = "Which radio channel should a yacht use to announce herself?"


@pytest.fixture(scope="module")
def server(browser: Any, notice_library: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all tests, as they are many tabs of one person."""
    with a_server(tmp_path_factory.mktemp("library"), notice_library, NOTICE, program=PROGRAM) as running:
        yield running


def rows(tab: Tab) -> list[list[str]]:
    """Return the cells of the rows that are shown of the last table."""
    table = tab.page.locator("#wd-chat .wd-items").last
    shown = [row for row in table.locator("tbody tr").all() if row.is_visible()]
    return [[" ".join(text.split()) for text in row.locator("td").all_inner_texts()] for row in shown]


def first_column(tab: Tab) -> list[str]:
    return [row[0] for row in rows(tab)]


def saved(tab: Tab, button: str, folder: Path) -> Path:
    with tab.page.expect_download() as download:
        tab.page.locator("#wd-chat .wd-save", has_text=button).last.click()
    path = folder / str(download.value.suggested_filename)
    download.value.save_as(path)
    return path


def sort_by(tab: Tab, column: str) -> None:
    tab.page.locator("#wd-chat .wd-sort", has_text=column).last.click()


def test_a_list_is_a_table_that_is_sorted_filtered_opened_and_saved(tab: Tab, tmp_path: Path) -> None:
    page = tab.page
    tab.ask(LIST)
    said = tab.wait_answer()
    assert re.search(r"Everywhere: list, \d+ of \d+ parts", said)
    found = rows(tab)
    assert {row[0] for row in found} == {
        "Outer Road",
        "North Mole",
        "Fiddlers Hard",
        "Mercy Dock",
        "Cold Point",
        "yellow flag",
    }
    assert [row[0] for row in found if row[3] == "no"] == ["yellow flag"]
    assert page.locator(".wd-bar.wd-kept").count() >= 1

    sort_by(tab, "Item")
    assert first_column(tab) == sorted((row[0] for row in found), key=str.casefold)
    sort_by(tab, "Item")
    assert first_column(tab) == sorted((row[0] for row in found), key=str.casefold, reverse=True)
    sort_by(tab, "Verified")
    assert first_column(tab)[0] == "yellow flag"

    page.locator("#wd-chat .wd-filter").fill("mercy DOCK")
    assert "Mercy Dock" in first_column(tab)
    assert "Cold Point" not in first_column(tab)
    page.locator("#wd-chat .wd-filter").fill("")
    assert len(rows(tab)) == len(found)

    page.locator("#wd-chat tbody tr", has_text="Fiddlers Hard").first.locator(".wd-open-item").click()
    page.locator(".wd-citations button[aria-current]", has_text="Visitors lie at Fiddlers Hard").wait_for()
    page.locator(".wd-highlight").first.wait_for()
    assert tab.opened() == "1"
    assert first_column(tab)[0] == "yellow flag"  # it is still sorted

    lines = list(csv.reader(saved(tab, "CSV", tmp_path).read_text(encoding="utf-8-sig").splitlines()))
    assert lines[0] == ["item", "document", "page", "quote", "verified"]
    assert {line[0] for line in lines[1:]} == {row[0] for row in found}
    objects = json.loads(saved(tab, "JSON", tmp_path).read_text(encoding="utf-8"))
    assert {one["document"] for one in objects} == {NOTICE.name}
    assert "| Mercy Dock |" in saved(tab, "Markdown", tmp_path).read_text(encoding="utf-8")
    with page.expect_download() as download:
        page.click("text=Save as Markdown")
    download.value.save_as(tmp_path / "saved.md")
    assert "| Mercy Dock |" in (tmp_path / "saved.md").read_text(encoding="utf-8")


def test_a_summary_opens_section_by_section(tab: Tab) -> None:
    page = tab.page
    tab.ask("Summarise the document.")
    assert "Everywhere: summary" in tab.wait_answer()
    section = page.locator("#wd-chat details", has_text="Rules for the stay")
    assert not section.locator("p").is_visible()
    section.locator("summary").click()
    section.locator(".wd-open-section").first.click()
    label = section.locator(".wd-open-section").first.inner_text()
    tab.wait_opened(label.removeprefix("p. "))
    assert section.locator("p").is_visible()


def test_the_scope_is_chosen_and_the_same_is_asked_the_other_way(tab: Tab) -> None:
    page = tab.page
    tab.ask(ONE_PLACE)
    tab.wait_answer()
    assert page.locator("#wd-chat .wd-way").count() == 0
    page.locator("#wd-chat .wd-other-way").click()
    page.wait_for_function("document.querySelectorAll('#wd-chat [data-testid=bot]').length === 2")
    assert tab.wait_answer().startswith("Everywhere: list")
    assert page.locator("#wd-chat [data-testid=user]").last.inner_text().strip() == ONE_PLACE
    page.locator("#wd-scope label", has_text="One place").click()
    tab.ask(LIST)
    page.wait_for_function("document.querySelectorAll('#wd-chat [data-testid=bot]').length === 3")
    tab.wait_answer()
    assert page.locator("#wd-chat .wd-way").count() == 1
    page.locator("#wd-chat .wd-retry").click()
    tab.wait_again()
    assert page.locator("#wd-chat .wd-way").count() == 1  # it is asked again as it was
    page.locator("#wd-scope label", has_text="Everywhere").click()
    page.fill("#wd-question textarea", ONE_PLACE)
    page.locator(".wd-expected", has_text="Every part will be asked").wait_for()
    page.fill("#wd-question textarea", "")
    page.locator(".wd-expected").wait_for(state="detached")
    assert page.locator("#wd-chat [data-testid=user]").count() == 3


def test_what_is_found_appears_while_parts_are_asked_and_stopping_keeps_it(tab: Tab) -> None:
    page = tab.page
    tab.ask("List slowly all places where a yacht may lie.")
    tab.wait_status(r"Asking every part: 8 of \d+, \d found, about .* left")
    page.locator("#wd-chat .wd-items tbody tr").first.wait_for()
    assert page.locator("#wd-chat .wd-save").count() == 0
    page.locator("#wd-question button", has_text="Stop").click()
    assert "Stopped." in tab.wait_status("Stopped")
    assert rows(tab)


def test_a_copied_answer_is_text(browser: Any, server: Server) -> None:
    with a_tab(browser, server, permissions=["clipboard-read", "clipboard-write"]) as tab:
        tab.use(NOTICE)
        tab.ask(LIST)
        tab.wait_answer()
        tab.page.locator("#wd-chat button[title*=Copy], #wd-chat button[aria-label*=Copy]").last.click()
        tab.page.wait_for_timeout(300)
        copied = str(tab.page.evaluate("navigator.clipboard.readText()"))
        assert "<" not in copied
        assert "Mercy Dock\tp. 1\t" in copied.replace("\t ", "\t")


def test_a_document_is_introduced_and_asked_what_it_answers(tab: Tab) -> None:
    page = tab.page
    page.click("#wd-introduction button:has-text('Introduce it')")
    page.locator(".wd-introduction h3", has_text=NOTICE.name).wait_for()
    shown = page.inner_text(".wd-introduction")
    assert "notice · 5 pages" in shown
    assert "Rules for the stay" in shown
    page.locator(".wd-introduction li", has_text="Rules for the stay").locator("button").click()
    tab.wait_opened("2")
    suggested = page.locator(".wd-suggestion:visible")
    page.locator(".wd-suggestion", has_text=ONE_PLACE).wait_for()
    assert suggested.all_inner_texts() == [ONE_PLACE]
    suggested.click()
    assert "On channel 12." in tab.wait_answer()
    page.locator(".wd-introduction").wait_for(state="detached")
    page.click("text=New conversation")
    page.locator(".wd-introduction h3", has_text=NOTICE.name).wait_for()
