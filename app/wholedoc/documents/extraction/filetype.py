"""What a file is, told from its first bytes; its name only chooses between kinds of text."""

from __future__ import annotations

from enum import Enum, auto

from ...errors import UnreadableFileError

HEAD_BYTES = 4096
"""How much of the file `detect` wants to see."""

_PDF_MARK = b"%PDF-"
_PDF_MARK_WITHIN = 1024  # readers accept junk before the header, up to here
_BYTE_ORDER_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_OFFICE = {
    ".docx": "a Word document",
    ".xlsx": "an Excel workbook",
    ".pptx": "a PowerPoint presentation",
    ".odt": "an OpenDocument text",
    ".ods": "an OpenDocument spreadsheet",
    ".odp": "an OpenDocument presentation",
    ".epub": "an EPUB book",
    ".doc": "an old Word document",
    ".xls": "an old Excel workbook",
    ".ppt": "an old PowerPoint presentation",
}
_ZIP_MEMBERS = {b"word/": ".docx", b"xl/": ".xlsx", b"ppt/": ".pptx", b"application/epub+zip": ".epub"}
_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF87a", "a GIF image"),
    (b"GIF89a", "a GIF image"),
    (b"II*\0", "a TIFF image"),
    (b"MM\0*", "a TIFF image"),
    (b"\x7fELF", "an executable program"),
    (b"\xcf\xfa\xed\xfe", "an executable program"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ\0", "an xz archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive"),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"GGUF", "a GGUF model"),
    (b"{\\rtf", "an RTF document"),
    (b"%!PS", "a PostScript file"),
    (b"ID3", "an MP3 recording"),
)


class FileKind(Enum):
    PDF = auto()
    HTML = auto()
    MARKDOWN = auto()
    TEXT = auto()


_TEXT_SUFFIXES = {
    ".html": FileKind.HTML,
    ".htm": FileKind.HTML,
    ".xhtml": FileKind.HTML,
    ".md": FileKind.MARKDOWN,
    ".markdown": FileKind.MARKDOWN,
    ".txt": FileKind.TEXT,
    ".text": FileKind.TEXT,
}


def detect(head: bytes, suffix: str, name: str) -> FileKind:
    """The kind of a file from its first `HEAD_BYTES` and its suffix (".md", lower case).

    Raises `UnreadableFileError` for anything that is neither a PDF nor text.
    """
    if _is_pdf(head, suffix):
        return FileKind.PDF
    if (other := _refused_kind(head, suffix)) is not None:
        raise UnreadableFileError(
            f"{name} is {other}, which cannot be read: save it as PDF, HTML, Markdown or plain text."
        )
    looks_html = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:14].lower().startswith((b"<!doctype html", b"<html"))
    if suffix == ".pdf":
        seems = "a web page" if looks_html else "text"
        raise UnreadableFileError(
            f"{name} is named .pdf but has no PDF inside (it looks like {seems}): fetch the file again,"
            " or rename it if it is text."
        )
    return _TEXT_SUFFIXES.get(suffix, FileKind.HTML if looks_html else FileKind.TEXT)


def _is_pdf(head: bytes, suffix: str) -> bool:
    position = head.find(_PDF_MARK, 0, _PDF_MARK_WITHIN)
    if position < 0:
        return False
    only_blank_before = not head[:position].strip(b"\xef\xbb\xbf \t\r\n\0")
    # A text *about* PDF files may show the mark in its first lines; a PDF behind junk is not clean UTF-8.
    return only_blank_before or suffix not in _TEXT_SUFFIXES or not _is_utf8(head)


def _is_utf8(head: bytes) -> bool:
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        # A character cut by the end of the head is no fault of the text.
        return error.end >= len(head) - 3 and b"\0" not in head
    return b"\0" not in head


def _refused_kind(head: bytes, suffix: str) -> str | None:
    if head.startswith(b"PK\x03\x04"):
        inside = next((kind for mark, kind in _ZIP_MEMBERS.items() if mark in head), suffix)
        return _OFFICE.get(inside, "a ZIP archive")
    if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return _OFFICE.get(suffix, "an old Office document")
    for signature, kind in _SIGNATURES:
        if head.startswith(signature):
            return kind
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "a WebP image"
    if head.startswith(b"MZ") and b"\0" in head:
        return "an executable program"
    if b"\0" in head and not head.startswith(_BYTE_ORDER_MARKS):
        return "binary data, or UTF-16 text without a byte order mark"
    return None
