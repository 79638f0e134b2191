"""The folders among the settings, in a real browser: they are read, remembered, and left out again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ..browser import Server, Tab, a_server, a_tab

pytest.importorskip("gradio")
pytestmark = pytest.mark.embedded
FERRY = "\n\n".join(f"Entry {n}: the ferry of day {n} left at nine with {n * 31} sheep." for n in range(12))
FIELD, TOLD = "#wd-folders textarea", "#wd-folders-told"


@pytest.fixture(scope="module")
def server(browser: Any, model_library: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with a_server(tmp_path_factory.mktemp("library"), model_library) as running:
        yield running


@pytest.fixture
def letters(tmp_path: Path) -> Path:
    """A folder with one letter, and a link that leads out of it."""
    folder = tmp_path / "letters"
    folder.mkdir()
    (folder / "first.txt").write_text(FERRY, encoding="utf-8")
    secret = tmp_path / "secret.txt"
    secret.write_text(f"Not to be read. {FERRY}", encoding="utf-8")
    (folder / "link.txt").symlink_to(secret)
    return folder


def watch(tab: Tab, folders: str) -> None:
    """Open the settings, and have these folders watched."""
    show_settings(tab)
    tab.page.fill(FIELD, folders)
    tab.page.click("#wd-watch")


def show_settings(tab: Tab) -> None:
    if not tab.page.locator(FIELD).is_visible():
        tab.page.locator("#wd-settings .toggle-button").click()
    tab.page.locator(FIELD).wait_for()


def test_a_folder_is_read_and_remembered_and_left_out(browser: Any, server: Server, letters: Path) -> None:
    with a_tab(browser, server) as tab:
        watch(tab, f"{letters}\n")
        tab.page.locator(TOLD, has_text=f"{letters}: ").wait_for()
        tab.page.keyboard.press("Escape")
        tab.wait_read("first.txt")
        (letters / "second.txt").write_text(f"The second letter. {FERRY}", encoding="utf-8")
        tab.wait_read("second.txt")
        assert tab.row("link.txt").count() == tab.row("secret.txt").count() == 0
        (letters / "first.txt").unlink()
        assert tab.row("first.txt").count() == 1, "what is removed from a folder stays among the documents"
    with a_tab(browser, server) as another:
        show_settings(another)
        assert another.page.input_value(FIELD) == str(letters)
        another.page.fill(FIELD, "")
        another.page.click("#wd-watch")
        another.page.locator(TOLD, has_text="No folder is watched").wait_for()
        assert another.row("second.txt").count() == 1


def test_a_folder_that_is_not_there_is_said_and_changes_nothing(
    browser: Any, server: Server, letters: Path, tmp_path: Path
) -> None:
    with a_tab(browser, server) as tab:
        watch(tab, str(letters))
        tab.page.locator(TOLD, has_text=f"{letters}: ").wait_for()
        watch(tab, str(tmp_path / "nowhere"))
        said = tab.page.locator(TOLD, has_text="Nothing was changed")
        said.wait_for()
        assert "nowhere" in said.inner_text()
        tab.page.reload()
        tab.wait_ready()
        show_settings(tab)
        assert tab.page.input_value(FIELD) == str(letters)
        watch(tab, "")
        tab.page.locator(TOLD, has_text="No folder is watched").wait_for()
