"""Empty, damaged and protected Office files, books, messages and archives."""

from __future__ import annotations

from collections.abc import Callable

import docx
import openpyxl
import pptx
import pytest
from benchmarks.robustness import office_files as made
from benchmarks.robustness.office_files import zipped

from wholedoc.documents.document import Document
from wholedoc.errors import DocumentError, NoTextError, PasswordError, UnreadableFileError

from .test_extraction_formats import saved

Read = Callable[[bytes, str], Document]


def empty_files() -> dict[str, bytes]:
    return {
        "a.docx": saved(docx.Document()),
        "a.pptx": saved(pptx.Presentation()),
        "a.xlsx": saved(openpyxl.Workbook()),
        "a.odt": made.replaced(made.odt_file(), {"content.xml": b"<document/>"}),
        "a.epub": made.replaced(made.epub_file(), {"OPS/text/one.xhtml": b"<p/>", "OPS/text/two .xhtml": b"<p/>"}),
        "a.csv": b"\n;;\n",
        "a.zip": zipped({}),
    }


@pytest.mark.parametrize("name", sorted(empty_files()))
def test_files_without_text_are_refused(read: Read, name: str) -> None:
    with pytest.raises(NoTextError, match=rf"^{name} has no (text|files in it)"):
        read(empty_files()[name], name)


def test_a_message_without_text_still_has_its_head(read: Read) -> None:
    assert read(b"Subject: only this\n\n", "a.eml").text == "Subject: only this"


@pytest.mark.parametrize("name", ["hours.docx", "hours.pptx", "hours.xlsx", "hours.odt", "hours.epub", "all.zip"])
def test_an_archive_that_is_cut_off_is_damaged(read: Read, name: str) -> None:
    data = made.office_files()[name]
    with pytest.raises(UnreadableFileError, match=rf"^{name} is damaged \(.*\): fetch the file again.*\.$"):
        read(data[: len(data) // 2], name)


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("hours.docx", "word/document.xml"),
        ("hours.pptx", "ppt/slides/slide1.xml"),
        ("hours.xlsx", "xl/workbook.xml"),
        ("hours.odt", "content.xml"),
        ("hours.epub", "OPS/book.opf"),
    ],
)
def test_a_damaged_or_missing_part_is_damage(read: Read, name: str, part: str) -> None:
    data = made.office_files()[name]
    for content in (b"<a><b></a>", b"\0" * 100, None):
        with pytest.raises(UnreadableFileError, match=rf"^{name} (is damaged|made its reader)"):
            read(made.replaced(data, {part: content}), name)


def test_a_sheet_that_is_missing_is_told(read: Read) -> None:
    document = read(made.replaced(made.xlsx_file(), {"xl/worksheets/sheet1.xml": None}), "a.xlsx")
    assert document.warnings[-1] == "The file is damaged: sheets that it names are not in it: Fees."


@pytest.mark.parametrize(
    ("data", "name", "words"),
    [
        (b"no head\n\nat all", "a.eml", "is damaged (it has none of the lines"),
        (b"plain words", "a.docx", "is named .docx but has no such file inside (it looks like text)"),
        (zipped({"a.txt": "b"}), "a.docx", "is damaged (what such a file must hold is not in it)"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(99), "a.xlsx", "is protected with a password"),
        (
            zipped({"mimetype": "application/vnd.oasis.opendocument.spreadsheet"}),
            "a.ods",
            "save it as .xlsx or .csv",
        ),
        (
            zipped({"[Content_Types].xml": 'ContentType="application/vnd.ms-excel.sheet.macroEnabled.main+xml"'}),
            "a.xlsm",
            "is an Office file with macros",
        ),
        (
            zipped({"a.png": b"\x89PNG\r\n\x1a\n" + bytes(9)}),
            "a.zip",
            "has no file that can be read. a.png is a picture",
        ),
    ],
)
def test_what_cannot_be_read_is_told(read: Read, data: bytes, name: str, words: str) -> None:
    with pytest.raises(DocumentError) as caught:
        read(data, name)
    assert str(caught.value).startswith(name)
    assert words in str(caught.value)


def test_protected_files_are_refused_in_words(read: Read) -> None:
    locked = made.replaced(made.odt_file(), {"META-INF/manifest.xml": b"<encryption-data/>"})
    with pytest.raises(PasswordError, match="protected with a password"):
        read(locked, "a.odt")
    rights = b"<e><EncryptionMethod Algorithm='http://www.w3.org/2001/04/xmlenc#aes128-cbc'/></e>"
    with pytest.raises(PasswordError, match="protected against copying"):
        read(made.replaced(made.epub_file(), {"META-INF/encryption.xml": rights}), "a.epub")
