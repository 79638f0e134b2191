"""Other users of the machine read nothing of a library."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from wholedoc.documents.document import Document
from wholedoc.storage.folder import LibraryFolder


@pytest.fixture(autouse=True)
def usual_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def test_what_a_library_keeps_is_closed_to_others(tmp_path: Path) -> None:
    source = tmp_path / "open.txt"
    source.write_text("everybody may read me here")
    folder = LibraryFolder(tmp_path / "library")
    folder.check_format()
    folder.originals.put("ab" * 32, source)
    folder.catalog.put(Document.from_pages("ab" * 32, "open.txt", [("text", "1")]))
    kept = [path for path in folder.path.rglob("*") if path.is_file()]
    assert len(kept) == 3
    assert [path for path in (folder.path, *kept) if path.stat().st_mode & 0o077] == []


def test_a_folder_that_was_there_keeps_its_rights(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir(mode=0o750)
    LibraryFolder(shared).check_format()
    assert shared.stat().st_mode & 0o777 == 0o750
