"""Bombs, cycles, depth and lies in Office files, books, messages and archives end in a sentence, within limits."""

from __future__ import annotations

import io
import struct
import time
import zipfile
import zlib
from pathlib import Path

import pytest
from benchmarks.robustness import office_files as made
from benchmarks.robustness.office_files import ENTITIES, KEEPER, replaced, zipped

from wholedoc.documents.document import Document
from wholedoc.documents.extraction import ExtractionLimits, read_document
from wholedoc.errors import DocumentError, ExtractionLimitError, PasswordError, UnreadableFileError

LIMITS = ExtractionLimits(seconds=20, memory_bytes=1 << 30)
SECONDS = 15
SECRET = b'<?xml version="1.0"?><!DOCTYPE b [<!ENTITY s SYSTEM "file://%s">]>'


def read(tmp_path: Path, data: bytes, name: str, limits: ExtractionLimits = LIMITS) -> Document:
    path = tmp_path / name
    path.write_bytes(data)
    started = time.monotonic()
    try:
        return read_document(path, limits=limits)
    finally:
        assert time.monotonic() - started < SECONDS


def refusal(tmp_path: Path, data: bytes, name: str, limits: ExtractionLimits = LIMITS) -> DocumentError:
    with pytest.raises(DocumentError) as caught:
        read(tmp_path, data, name, limits)
    assert_clear(caught.value, name)
    return caught.value


def read_or_refused(tmp_path: Path, data: bytes, name: str, instead: str, limits: ExtractionLimits = LIMITS) -> str:
    """The text, or the error's message followed by `instead`."""
    try:
        return read(tmp_path, data, name, limits).text
    except DocumentError as error:
        assert_clear(error, name)
        return f"{error}{instead}"


def assert_clear(error: DocumentError, name: str) -> None:
    message = str(error)
    assert message.startswith(name) or f"Reading {name}" in message
    assert message.endswith(".")
    assert "\n" not in message


def with_content(data: bytes, part: str, old: bytes, new: bytes) -> bytes:
    """An archive with something else in one of its parts."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        content = archive.read(part)
    assert old in content
    return replaced(data, {part: content.replace(old, new, 1)})


# --- archives -------------------------------------------------------------------------------------------


def test_a_bomb_is_refused_by_what_it_declares(tmp_path: Path) -> None:
    bomb = zipped({f"{number}.txt": b" " * 30_000_000 for number in range(3)})
    assert len(bomb) < 200_000
    assert "times its size, as no honest archive does" in str(refusal(tmp_path, bomb, "a.zip"))


@pytest.mark.parametrize("name", ["hours.docx", "hours.pptx", "hours.xlsx", "hours.odt", "hours.epub"])
def test_a_bomb_in_an_office_file_is_refused_too(tmp_path: Path, name: str) -> None:
    bomb = replaced(made.office_files()[name], {"media/picture.bin": b"\0" * 90_000_000})
    assert isinstance(refusal(tmp_path, bomb, name), ExtractionLimitError)


def test_a_size_that_is_a_lie_is_not_unpacked(tmp_path: Path) -> None:
    packed = zlib.compressobj(9, zlib.DEFLATED, -15)
    content = packed.compress(b" " * 200_000_000) + packed.flush()
    head = struct.pack("<IHHHIIIHH", 0x04034B50, 20, 0, 8, 0, 0, len(content), 10, 5) + b"a.txt"
    entry = struct.pack("<IHHHHIIIIHHHHHII", 0x02014B50, 20, 20, 0, 8, 0, 0, len(content), 10, 5, 0, 0, 0, 0, 0, 0)
    directory = entry + b"a.txt"
    end = struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 1, 1, len(directory), len(head) + len(content), 0)
    error = refusal(tmp_path, head + content + directory + end, "a.zip", ExtractionLimits(memory_bytes=512 << 20))
    assert isinstance(error, UnreadableFileError)


def test_files_beyond_the_limits_are_counted_over_all_archives(tmp_path: Path) -> None:
    inner = zipped({f"{number}.txt": "x" for number in range(60)})
    outer = zipped({f"{number}.zip": inner for number in range(60)})
    limits = ExtractionLimits(seconds=20, archive_entries=1000)
    assert "more than the limits of 1,000" in str(
        refusal(tmp_path, outer, "a.zip", limits).args[0].replace("\n", "")
    )
    sizes = ExtractionLimits(seconds=20, archive_bytes=10_000)
    assert isinstance(refusal(tmp_path, zipped({"a.txt": "x" * 10_001}), "a.zip", sizes), ExtractionLimitError)


def test_archives_in_archives_end(tmp_path: Path) -> None:
    nested = zipped({"a.txt": KEEPER})
    for _ in range(3):
        nested = zipped({"in.zip": nested})
    error = refusal(tmp_path, zipped({"in.zip": nested}), "a.zip")
    assert "deep" in str(error)
    assert read(tmp_path, zipped({"in.zip": zipped({"a.txt": KEEPER})}), "b.zip").text == KEEPER


def test_names_lead_nowhere(tmp_path: Path) -> None:
    names = {
        "../../etc/passwd.txt": "one",
        "/etc/shadow.txt": "two",
        "a\nb\x1b[31m.txt": "three",
        "C:\\x.txt": "four",
    }
    document = read(tmp_path, zipped(names), "a.zip")
    assert sorted(page.text for page in document.pages) == ["four", "one", "three", "two"]
    assert all("\n" not in page.label and "\x1b" not in page.label for page in document.pages)
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["a.zip"]


def test_an_encrypted_archive_wants_its_password(tmp_path: Path) -> None:
    data = bytearray(zipped({"a.txt": KEEPER}))
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    assert isinstance(refusal(tmp_path, bytes(data), "a.zip"), PasswordError)
    (tmp_path / "a.zip").write_bytes(data)
    with pytest.raises(PasswordError, match="the password is wrong"):
        read_document(tmp_path / "a.zip", password="guess", limits=LIMITS)


# --- XML ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "part", "element"),
    [
        ("hours.docx", "word/document.xml", b"w:t"),
        ("hours.pptx", "ppt/slides/slide1.xml", b"a:t"),
        ("hours.xlsx", "xl/worksheets/sheet1.xml", b"t"),
        ("hours.odt", "content.xml", b"text:p"),
        ("hours.epub", "OPS/text/one.xhtml", b"p"),
        ("hours.epub", "OPS/book.opf", b"manifest"),
    ],
)
def test_entities_are_not_expanded(tmp_path: Path, name: str, part: str, element: bytes) -> None:
    secret = tmp_path / "secret"
    secret.write_text("the password is swordfish")
    for declared, entity in ((ENTITIES, b"&a9;"), (SECRET % bytes(secret), b"&s;")):
        data = made.office_files()[name]
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            content = archive.read(part)
        content = content[content.index(b"?>") + 2 :] if content.startswith(b"<?xml") else content
        opening = content.index(b"<" + element + b">") + len(element) + 2
        hostile = declared + content[:opening] + entity + content[opening:]
        try:
            text = read(tmp_path, replaced(data, {part: hostile}), name).text
        except DocumentError:
            continue
        assert "swordfish" not in text
        assert len(text) < 100_000


@pytest.mark.parametrize(
    ("name", "part", "at", "opening", "closing"),
    [
        ("hours.docx", "word/document.xml", b"<w:body>", b"<w:tbl><w:tr><w:tc>", b"</w:tc></w:tr></w:tbl>"),
        ("hours.odt", "content.xml", b"<office:text>", b"<text:section>", b"</text:section>"),
        ("hours.pptx", "ppt/slides/slide1.xml", b"</p:grpSpPr>", b"<p:grpSp>", b"</p:grpSp>"),
    ],
)
def test_deep_nesting_is_refused(
    tmp_path: Path, name: str, part: str, at: bytes, opening: bytes, closing: bytes
) -> None:
    for depth in (60, 20_000):
        with zipfile.ZipFile(io.BytesIO(made.office_files()[name])) as archive:
            content = archive.read(part)
        if at not in content:  # python-pptx writes an empty element
            at = b"<p:grpSpPr/>"
        place = content.index(at) + len(at)
        hostile = content[:place] + opening * depth + closing * depth + content[place:]
        refused = read_or_refused(tmp_path, replaced(made.office_files()[name], {part: hostile}), name, "")
        assert depth == 60 or "damaged" in refused


def test_styles_and_lists_that_refer_to_themselves_end(tmp_path: Path) -> None:
    data = made.docx_file()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        styles = archive.read("word/styles.xml")
    cyclic = styles.replace(b'<w:basedOn w:val="Normal"/>', b'<w:basedOn w:val="Heading1"/>')
    assert KEEPER in read(tmp_path, replaced(data, {"word/styles.xml": cyclic}), "a.docx").text


def test_a_sheet_that_claims_to_be_huge_is_as_large_as_what_is_in_it(tmp_path: Path) -> None:
    part = "xl/worksheets/sheet1.xml"
    for old, new in (
        (b'ref="A1:XFD1048576"', b'ref="A1:ZZZZ99999999"'),
        (b'ref="B10:B11"', b'ref="A1:XFC1048575"'),
    ):
        data = with_content(made.xlsx_file(), part, old, new)
        assert "far away" in read_or_refused(tmp_path, data, "a.xlsx", "far away", ExtractionLimits(seconds=4))


def test_cells_repeated_a_million_times_are_not(tmp_path: Path) -> None:
    old = b'<table:table-cell table:number-columns-repeated="1000000"/>'
    data = with_content(
        made.odt_file(), "content.xml", old, old.replace(b"/>", b"><text:p>again</text:p></table:table-cell>")
    )
    assert read(tmp_path, data, "a.odt").text.count("again") == 1000


def test_a_book_that_names_files_outside_reads_none(tmp_path: Path) -> None:
    opf = made._OPF.replace("text/one.xhtml", "../../../../etc/hostname").encode()
    document = read(tmp_path, replaced(made.epub_file(), {"OPS/book.opf": opf}), "a.epub")
    assert "etc/hostname" in document.warnings[0]


# --- e-mail and tables ----------------------------------------------------------------------------------


def test_messages_in_messages_end(tmp_path: Path) -> None:
    nested = made.eml_file({})
    for _ in range(6):
        nested = made.eml_file({"inner.eml": nested})
    assert "deep" in str(refusal(tmp_path, nested, "a.eml"))


@pytest.mark.parametrize(
    "body",
    [
        b"".join(b'Content-Type: multipart/mixed; boundary="b%d"\n\n--b%d\n' % (n, n) for n in range(500))
        + b"\ntext",
        b'Content-Type: multipart/mixed; boundary="b"\n\n' + b"--b\n\nx\n" * 21_000,
        b"Content-Type: text/plain; charset=no-such\n\ncaf\xc3\xa9",
        b"Content-Type: text/plain; charset=" + b"x" * 100_000 + b"\n\ntext",
        b"Content-Transfer-Encoding: base64\n\n" + b"A" * 3_000_001,
        b"To: " + b"a@b.c, " * 20_000 + b"\n\ntext",
        b"Subject: " + b"=?utf-8?q?a?= " * 20_000 + b"\n\ntext",
    ],
    ids=["deep", "many-parts", "charset", "long-charset", "base64", "addresses", "words"],
)
def test_hostile_messages_are_read_or_refused(tmp_path: Path, body: bytes) -> None:
    assert "From: a@b.c" in read_or_refused(tmp_path, b"From: a@b.c\n" + body, "a.eml", "From: a@b.c")


def test_a_line_of_a_head_that_is_too_long_to_be_decoded_is_read_as_it_stands(tmp_path: Path) -> None:
    word = b"=?utf-8?b?eA==?= "
    short = read(tmp_path, b"Subject: " + word * 100 + b"\n\nbody", "a.eml")
    assert short.text.startswith("Subject: " + "x" * 100)
    long = read(tmp_path, b"Subject: " + word * 100_000 + b"\n\nbody", "a.eml")
    assert long.text.count(word.decode().strip()) == 100_000


@pytest.mark.parametrize(
    "data",
    [
        b'a,b\n"' + b"x,\n" * 300_000,
        b"," * 2_000_000 + b"x",
        b'"' * 2_000_001 + b"x",
        b"a\n" * 500_000,
        b"a,b\r" * 9000,
    ],
    ids=["open-quote", "columns", "quotes", "lines", "carriage-returns"],
)
def test_hostile_tables_are_read_or_refused(tmp_path: Path, data: bytes) -> None:
    assert read_or_refused(tmp_path, data, "a.csv", "")


def test_a_missing_quotation_mark_is_told(tmp_path: Path) -> None:
    data = b'a,b\n1,"2\n' + b"3,4\n" * 500
    assert "a quotation mark seems to be missing" in read(tmp_path, data, "a.csv").warnings[0]
