"""Files that were made to do harm: bombs, cycles, depth, lies about sizes, and pictures without end."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Mapping

from .office_files import ENTITIES, csv_file, eml_file, office_files, replaced, zipped

_PARTS = {
    "hours.docx": "word/document.xml",
    "hours.pptx": "ppt/slides/slide1.xml",
    "hours.xlsx": "xl/worksheets/sheet1.xml",
    "hours.odt": "content.xml",
    "hours.epub": "OPS/text/one.xhtml",
}
_DEEP = 200_000
_ENTITIES = ENTITIES + b"<b>&a9;</b>"
_CATALOG = b"1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj "
_OUTSIDE = b'<?xml version="1.0"?><!DOCTYPE b [<!ENTITY s SYSTEM "file:///etc/passwd">]><b>&s;</b>'


def made_files() -> dict[str, bytes]:
    """Return the files' contents by their names, which say what is wrong, behind the format's suffix."""
    return {**_archives(), **_inside_archives(), **_texts(), **_messages(), **_pictures(), **_pdfs()}


def _archives() -> dict[str, bytes]:
    bomb = zipped({f"{number}.txt": b" " * 30_000_000 for number in range(3)})
    nested = zipped({"a.txt": "text"})
    for _ in range(20):
        nested = zipped({"in.zip": nested})
    many = zipped({f"{number}.txt": "x" for number in range(25_000)})
    return {
        "bomb.zip": bomb,
        "nested.zip": nested,
        "many.zip": many,
        "bomb-in-bomb.zip": zipped({f"{number}.zip": bomb for number in range(20)}),
        "names.zip": zipped({"../../etc/passwd.txt": "one", "/etc/shadow.txt": "two", "a\nb.txt": "three"}),
        "same-name.zip": _same_name(),
        "lying-size.zip": _lying_size(),
        "encrypted.zip": _encrypted(),
        "itself.zip": _overlapping(),
        "no-directory.zip": bomb[: len(bomb) // 2],
    }


def _inside_archives() -> dict[str, bytes]:
    made: dict[str, bytes] = {}
    for name, part in _PARTS.items():
        sound, (stem, suffix) = office_files()[name], name.split(".")
        with zipfile.ZipFile(io.BytesIO(sound)) as archive:
            content = archive.read(part)
        changes: Mapping[str, bytes | None] = {
            "entities": _ENTITIES,
            "outside": _OUTSIDE,
            "deep": b"<a>" * _DEEP,
            "deep-closed": b"<a>" * _DEEP + b"</a>" * _DEEP,
            "cut": content[: len(content) // 2],
            "empty": b"",
            "no-xml": b"\0" * 1000,
            "missing": None,
            "wide": content.replace(b"</", b"<x/>" * 20_000 + b"</", 1),
        }
        for way, data in changes.items():
            made[f"{way}.{suffix}"] = replaced(sound, {part: data})
        made[f"bomb.{suffix}"] = replaced(sound, {"media/picture.bin": b"\0" * 90_000_000})
        made[f"{stem}-of-another-kind.{suffix}"] = csv_file()
    return made


def _texts() -> dict[str, bytes]:
    return {
        "deep.html": b"<div>" * _DEEP + b"x",
        "deep-tables.html": b"<table><tr><td>" * 20_000 + b"x",
        "unclosed.html": b"<a b='" * 100_000,
        "attributes.html": b"<p " + b"".join(b"a%d=1 " % number for number in range(100_000)) + b">x",
        "entities.html": b"&amp;" * 400_000,
        "script.html": b"<script>" + b"<" * 2_000_000,
        "xhtml-entities.xhtml": _ENTITIES,
        "nul.txt": b"\0" * 1_000_000,
        "one-line.txt": b"x" * 20_000_000,
        "feeds.txt": b"\f" * 200_000,
        "surrogates.txt": b"\xed\xa0\x80" * 100_000,
        "half.txt": "text".encode("utf-16")[:-1] * 1000,
        "headings.md": b"#" * 500_000 + b" x\n" + b"# x\n" * 100_000,
        "fences.md": b"```\n" * 200_000,
        "quotes.csv": b'"' * 1_000_001,
        "columns.csv": b";" * 2_000_000,
        "one-cell.csv": b'"' + b"x" * 20_000_000 + b'"',
        "rows.csv": b"a;b\n" * 500_000,
    }


def _messages() -> dict[str, bytes]:
    inner = eml_file()
    for _ in range(60):
        inner = eml_file({"in.eml": inner}) if len(inner) < 3_000_000 else inner
    head = b"From: a@b\r\nSubject: x\r\nMIME-Version: 1.0\r\n"
    boundaries = b"".join(
        b'Content-Type: multipart/mixed; boundary="%d"\r\n\r\n--%d\r\n' % (level, level) for level in range(5_000)
    )
    return {
        "in-itself.eml": inner,
        "boundaries.eml": head + boundaries,
        "headers.eml": b"X: y\r\n" * 200_000 + b"\r\nbody",
        "long-header.eml": b"Subject: " + b"=?utf-8?b?eA==?= " * 100_000 + b"\r\n\r\nbody",
        "base64.eml": head + b"Content-Transfer-Encoding: base64\r\n\r\n" + b"=" * 1_000_000,
        "charset.eml": head + b"Content-Type: text/plain; charset=no-such\r\n\r\n\xff\xfe",
        "bomb-attached.eml": eml_file({"bomb.zip": zipped({"a.txt": b" " * 90_000_000})}),
        "many-attached.eml": eml_file({f"{number}.txt": b"x" for number in range(2_000)}),
    }


def _pictures() -> dict[str, bytes]:
    sound = _png(40, 40, zlib.compress(b"\0" * 41 * 40))
    return {
        "huge.png": _png(100_000, 100_000, zlib.compress(b"\0" * 1000)),
        "bomb.png": _png(20_000, 20_000, zlib.compress(b"\0" * 20_001 * 20_000, 9)),
        "zero.png": _png(0, 0, b""),
        "cut.png": sound[: len(sound) // 2],
        "text-chunk.png": sound[:33] + _chunk(b"zTXt", b"a\0\0" + zlib.compress(b"x" * 200_000_000)) + sound[33:],
        "cycle.tiff": _cyclic_tiff(),
        "huge.tiff": _huge_tiff(),
        "lying.jpg": b"\xff\xd8\xff\xc0\x00\x11\x08\xff\xff\xff\xff\x03\x01\x11\x00\x02\x11\x01\x03\x11\x01" * 50,
        "no-picture.jpg": b"\xff\xd8\xff\xe0" + b"x" * 1000,
    }


def _pdfs() -> dict[str, bytes]:
    return {
        "kids-cycle.pdf": _pdf(
            b"1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[2 0 R]/Count 9>>endobj"
        ),
        "length-cycle.pdf": _page(b"<</Length 4 0 R>>stream\nBT ET\nendstream "),
        "flate-bomb.pdf": _page(_bomb_stream(1)),
        "flate-in-flate.pdf": _page(_bomb_stream(3)),
        "deep-arrays.pdf": _pdf(b"1 0 obj" + b"[" * 500_000 + b"endobj"),
        "deep-dictionaries.pdf": _pdf(b"1 0 obj" + b"<</A" * 200_000 + b"endobj"),
        "many-pages.pdf": _pdf(_CATALOG + b"2 0 obj<</Type/Pages/Kids[]/Count 2147483647>>endobj"),
        "huge-page.pdf": _page(b"<</Length 40>>stream\nBT /F 1e30 Tf 1e30 0 Td (x) Tj ET      \nendstream"),
        "many-objects.pdf": _pdf(b"".join(b"%d 0 obj null endobj\n" % number for number in range(1, 300_000))),
        "states.pdf": _page(b"<</Length 2000000>>stream\n" + b"q " * 1_000_000 + b"\nendstream"),
    }


def _pdf(objects: bytes) -> bytes:
    return b"%PDF-1.7\n" + objects + b"\ntrailer<</Root 1 0 R>>\n%%EOF\n"


def _page(contents: bytes) -> bytes:
    page = b" 3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R>>endobj 4 0 obj"
    return _pdf(_CATALOG + b"2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj" + page + contents + b"endobj")


def _bomb_stream(times: int) -> bytes:
    data = b" " * 300_000_000
    for _ in range(times):
        data = zlib.compress(data, 9)
    return b"<</Length %d/Filter[%s]>>stream\n%s\nendstream" % (len(data), b"/FlateDecode" * times, data)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _png(width: int, height: int, pixels: bytes) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", pixels) + _chunk(b"IEND", b"")


def _tiff(width: int, height: int, following: int) -> bytes:
    """Return a TIFF whose only directory says where the next one is: at 8 it is itself."""
    values = (
        (256, width),
        (257, height),
        (258, 8),
        (259, 1),
        (262, 1),
        (273, 200),
        (277, 1),
        (278, height),
        (279, 64),
    )
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in values)
    directory = struct.pack("<H", len(values)) + entries + struct.pack("<I", following)
    return (b"II*\0" + struct.pack("<I", 8) + directory).ljust(200, b"\0") + b"\x80" * 64


def _cyclic_tiff() -> bytes:
    return _tiff(8, 8, 8)


def _huge_tiff() -> bytes:
    return _tiff(1_000_000, 1_000_000, 0)


def _same_name() -> bytes:
    return zipped({f"{number:04}.txt": "text" for number in range(50)}).replace(b"0001.txt", b"0000.txt")


def _lying_size() -> bytes:
    packed = zlib.compressobj(9, zlib.DEFLATED, -15)
    content = packed.compress(b" " * 200_000_000) + packed.flush()
    head = struct.pack("<IHHHIIIHH", 0x04034B50, 20, 0, 8, 0, 0, len(content), 10, 5) + b"a.txt"
    entry = struct.pack("<IHHHHIIIIHHHHHII", 0x02014B50, 20, 20, 0, 8, 0, 0, len(content), 10, 5, 0, 0, 0, 0, 0, 0)
    directory = entry + b"a.txt"
    end = struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 1, 1, len(directory), len(head) + len(content), 0)
    return head + content + directory + end


def _encrypted() -> bytes:
    data = bytearray(zipped({"a.txt": "text"}))
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


def _overlapping() -> bytes:
    """Return an archive with many entries that are all the same bytes: it unpacks to far more than it has."""
    one = zipped({"a.txt": b"x" * 1_000_000})
    start = one.index(b"PK\x01\x02")
    end = one.index(b"PK\x05\x06")
    entry, count = one[start:end], 2_000
    directory = entry * count
    tail = struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, count, count, len(directory), start, 0)
    return one[:start] + directory + tail
