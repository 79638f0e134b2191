"""What a folder holds: no link is followed, nothing is without bounds, and what is skipped is said."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from wholedoc.watching.limits import WatchLimits
from wholedoc.watching.listing import copy_beneath, list_folder

LIMITS = WatchLimits()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    (root / "deep" / "deeper").mkdir(parents=True)
    for path in ("a.txt", "deep/b.md", "deep/deeper/c.csv"):
        (root / path).write_text("text")
    return root


def paths(root: Path, limits: WatchLimits = LIMITS) -> list[str]:
    return [one.path for one in list_folder(root, limits, Path("/nowhere")).files]


def test_files_of_known_formats_are_found_in_all_folders(root: Path) -> None:
    (root / "photo.xyz").write_text("x")
    (root / ".hidden.txt").write_text("x")
    (root / ".git").mkdir()
    (root / ".git" / "notes.txt").write_text("x")
    (root / "~$open.docx").write_text("x")
    (root / "empty.txt").touch()
    os.mkfifo(root / "pipe.txt")
    assert paths(root) == ["a.txt", "deep/b.md", "deep/deeper/c.csv"]
    assert list_folder(root, LIMITS, Path("/nowhere")).skipped == {
        "their format is not read": "photo.xyz",
        "they are no files": "pipe.txt",
    }


def test_links_to_files_and_folders_are_not_followed_wherever_they_lead(root: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.txt").write_text("secret")
    (root / "file.txt").symlink_to(outside / "secret.txt")
    (root / "folder").symlink_to(outside)
    (root / "round").symlink_to(root)
    listing = list_folder(root, LIMITS, Path("/nowhere"))
    assert [one.path for one in listing.files] == ["a.txt", "deep/b.md", "deep/deeper/c.csv"]
    assert listing.skipped == {"links are not followed": "file.txt, folder, round"}
    assert outside not in listing.folders


def test_a_link_that_takes_the_place_of_a_folder_leads_nowhere(root: Path, tmp_path: Path) -> None:
    """Between the look at the folder and the reading of the file."""
    outside = tmp_path / "outside" / "deeper"
    outside.mkdir(parents=True)
    (outside / "c.csv").write_text("secret")
    (root / "deep").rename(root / "old")
    (root / "deep").symlink_to(outside.parent)
    with pytest.raises(OSError, match=r"deep|directory|links"):
        copy_beneath(root, "deep/deeper/c.csv", tmp_path / "copy")
    (root / "a.txt").unlink()
    (root / "a.txt").symlink_to(outside / "c.csv")
    with pytest.raises(OSError, match=r"a\.txt|links"):
        copy_beneath(root, "a.txt", tmp_path / "copy")
    assert not (tmp_path / "copy").exists()


def test_a_copy_is_the_file(root: Path, tmp_path: Path) -> None:
    (found,) = [one for one in list_folder(root, LIMITS, Path("/nowhere")).files if one.path == "deep/b.md"]
    assert copy_beneath(root, "deep/b.md", tmp_path / "copy") == (found.size, found.changed)
    assert (tmp_path / "copy").read_text() == "text"


@pytest.mark.parametrize(
    ("limits", "left"),
    [
        (replace(LIMITS, files=1), 1),
        (replace(LIMITS, folders=2), 2),
        (replace(LIMITS, depth=1), 2),
        (replace(LIMITS, file_bytes=3), 0),
        (replace(LIMITS, entries=2), 1),
    ],
)
def test_what_is_beyond_a_limit_is_named(root: Path, limits: WatchLimits, left: int) -> None:
    listing = list_folder(root, limits, Path("/nowhere"))
    assert len(listing.files) == left
    assert listing.skipped


def test_many_that_are_skipped_are_counted(root: Path) -> None:
    for number in range(9):
        (root / f"{number}.xyz").touch()
    assert "and 6 more" in list_folder(root, LIMITS, Path("/nowhere")).skipped["their format is not read"]


def test_the_library_itself_is_left_out(root: Path) -> None:
    listing = list_folder(root, LIMITS, root / "deep")
    assert [one.path for one in listing.files] == ["a.txt"]
    assert listing.skipped == {"it is the library itself": "deep"}
