"""Files that arrive as bytes: parsed under their own name, which leads nowhere else, and nothing is left behind."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wholedoc import Library
from wholedoc.errors import UnreadableFileError
from wholedoc.storage.files.uploads import LONGEST_NAME, parse_bytes, safe_name

from ..conftest import SAMPLES


@pytest.mark.parametrize(
    ("name", "media_type", "expected"),
    [
        ("report.pdf", None, "report.pdf"),
        ("../../etc/passwd", "text/plain", "passwd.txt"),
        ("C:\\files\\notes.md", "application/pdf", "notes.md"),
        ("notes", "text/html; charset=utf-8", "notes.html"),
        ("fees", "text/csv", "fees.csv"),
        ("letter", "message/rfc822", "letter.eml"),
        ("", "application/pdf", "document.pdf"),
        ("..", None, "document"),
        (".pdf", "application/pdf", "pdf.pdf"),
        ("a\0b\n.txt", None, "ab.txt"),
        ("Version 1.2 of the contract", "application/pdf", "Version 1.2 of the contract.pdf"),
        ("ü" * 200 + ".pdf", None, "ü" * ((LONGEST_NAME - 4) // 2) + ".pdf"),
    ],
)
def test_names(name: str, media_type: str | None, expected: str) -> None:
    assert safe_name(name, media_type) == expected


@given(st.text())
def test_every_name_is_that_of_a_file_in_its_folder(name: str) -> None:
    found = safe_name(name, "application/pdf")
    assert found == Path(found).name not in ("", ".", "..")
    assert 0 < len(found.encode("utf-8", "replace")) <= LONGEST_NAME


def test_a_file_is_put_on_the_shelf_and_nothing_is_left_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    private = tmp_path / "tmp"
    private.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(private))
    library = Library.open()
    incoming = library.folder.incoming.folder
    data = (SAMPLES / "short_notice.pdf").read_bytes()
    document = parse_bytes(library, data, "../notice.pdf")
    assert document == library.parse(SAMPLES / "short_notice.pdf")
    assert [info.name for info in library.documents()] == ["notice.pdf"]
    for bad in (b"", b"\0\1\2"):
        with pytest.raises(UnreadableFileError):
            parse_bytes(library, bad, "bad.pdf")
    assert list(incoming.iterdir()) == list(private.iterdir()) == []


@pytest.mark.parametrize("kind", ["device", "pipe"])
@pytest.mark.embedded
def test_what_is_no_regular_file_is_refused_and_never_read(library: Library, tmp_path: Path, kind: str) -> None:
    """A device never ends, and a pipe waits for somebody who writes."""
    path = Path("/dev/zero")
    if kind == "pipe":
        path = tmp_path / "pipe.txt"
        os.mkfifo(path)
    with pytest.raises(UnreadableFileError, match="not a regular file"):
        library.parse(path)
