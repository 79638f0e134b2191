"""Watched folders of the browser app: chosen, forgotten, kept over a restart, and only where people may."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from wholedoc import Library, Settings
from wholedoc.errors import FolderError
from wholedoc.watching import watcher
from wholedoc_ui.arriving.folders import Folders

TEXT = "The lamp at Cold Point was lit on 211 nights before midsummer. " * 20


@pytest.fixture(autouse=True)
def _soon_quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watcher, "QUIET_S", 0.05)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "letters"
    root.mkdir()
    (root / "a.txt").write_text(TEXT)
    return root


@pytest.fixture
def library(settings: Settings) -> Library:
    return Library.open(settings=settings)


@pytest.fixture
def folders(library: Library) -> Iterator[Folders]:
    made = Folders(lambda: library, str)
    made.allowed = True
    yield made
    made.close()


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


def test_a_chosen_folder_is_read_and_known_after_a_restart(
    folders: Folders, library: Library, settings: Settings, root: Path
) -> None:
    folders.choose([str(root)])
    wait_for(lambda: folders.said == [f"{root}: read: a.txt"])
    assert [one.name for one in library.documents()] == ["a.txt"]
    folders.close()
    assert folders.said == []
    again = Folders(lambda: Library.open(settings=settings), str)
    again.allowed = True
    assert again.chosen() == [str(root)]
    again.start()
    (root / "b.txt").write_text(f"Another one. {TEXT}")
    wait_for(lambda: again.said == [f"{root}: read: b.txt"])
    again.close()


def test_a_folder_that_is_left_out_is_watched_no_longer(folders: Folders, library: Library, root: Path) -> None:
    folders.choose([str(root)])
    folders.choose([])
    assert folders.said == []
    assert folders.chosen() == []
    assert library.folder.watched.all() == []


def test_one_that_is_none_changes_nothing(folders: Folders, root: Path) -> None:
    folders.choose([str(root)])
    with pytest.raises(FolderError, match="not there"):
        folders.choose([str(root / "none")])
    assert folders.chosen() == [str(root)]


def test_where_others_come_in_nobody_chooses_folders(library: Library, root: Path) -> None:
    folders = Folders(lambda: library, str)
    folders.choose([str(root)])
    folders.start()
    assert folders.chosen() == folders.said == []
