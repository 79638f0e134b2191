"""What a file is, told from its first bytes; its suffix only chooses between kinds of text.

A ZIP archive may be a Word document, a book or just an archive: `zipped` tells which, in the child process. Kinds
that are not read are refused here, and the library `puremagic` finds their names for the message.
"""

from __future__ import annotations

from ...errors import UnreadableFileError
from ..formats import TEXT_KINDS, FileKind, kind_of_suffix
from .text.decoding import has_byte_order_mark, has_many_controls

HEAD_BYTES = 4096
"""How many bytes from the file's beginning `detect` needs."""

_PDF_MARK = b"%PDF-"
_PDF_MARK_WITHIN = 1024  # PDF readers accept other bytes before the header, up to this position
_OLD_OFFICE = {
    ".doc": "an old Word document",
    ".xls": "an old Excel workbook",
    ".ppt": "an old PowerPoint presentation",
    ".msg": "a message of Outlook",
}
# puremagic calls every ZIP archive a Word document, and so every old Office file.
_ZIP_MARKS = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_IMAGE_MARKS = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"II*\0", b"MM\0*")
_OLD_OFFICE_MARK = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
# What Office saves with a password is in the container of its old formats.
_ENCRYPTED_OFFICE = frozenset((FileKind.DOCX, FileKind.PPTX, FileKind.XLSX))
# Files of these kinds are text to the eye of a program, but not to a reader.
_MARKUP = {b"{\\rtf": "an RTF document", b"%!PS": "a PostScript file"}
# puremagic has no MIME type for programs, and does not know GGUF.
_BINARIES = {
    b"\x7fELF": "an executable program",
    b"\xcf\xfa\xed\xfe": "an executable program",
    b"MZ": "an executable program",
    b"GGUF": "a GGUF model",
}
_MEDIA = {"image": "an image", "audio": "a sound recording", "video": "a video", "font": "a font"}


def detect(head: bytes, suffix: str, name: str) -> FileKind:
    """Tell the kind of a file from its first `HEAD_BYTES` bytes and its suffix (".md", in lower case).

    `FileKind.ZIP` stands for every format that is a ZIP archive. Raises `UnreadableFileError` for a kind that
    cannot be read.
    """
    if _is_pdf(head, suffix):
        return FileKind.PDF
    if head.startswith(_ZIP_MARKS):
        return FileKind.ZIP
    if head.startswith(_IMAGE_MARKS):
        return FileKind.IMAGE
    known = kind_of_suffix(suffix)
    if head.startswith(_OLD_OFFICE_MARK) and known in _ENCRYPTED_OFFICE:
        raise UnreadableFileError(
            f"{name} is protected with a password, which cannot be opened here: save it without a password."
        )
    if (other := _refused_kind(head, suffix)) is not None:
        raise UnreadableFileError(
            f"{name} is {other}, which cannot be read: save it as PDF, HTML, Markdown or plain text."
        )
    looks_html = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:14].lower().startswith((b"<!doctype html", b"<html"))
    if known is not None and known not in TEXT_KINDS:
        seems = "a web page" if looks_html else "text"
        inside = "PDF" if known is FileKind.PDF else "such file"
        raise UnreadableFileError(
            f"{name} is named {suffix} but has no {inside} inside (it looks like {seems}): fetch the file again,"
            " or rename it if it is text."
        )
    return known or (FileKind.HTML if looks_html else FileKind.TEXT)


def _is_pdf(head: bytes, suffix: str) -> bool:
    position = head.find(_PDF_MARK, 0, _PDF_MARK_WITHIN)
    if position < 0:
        return False
    only_blank_before = not head[:position].strip(b"\xef\xbb\xbf \t\r\n\0")
    # A text about PDF files may show the mark in its first lines; a PDF behind other bytes is not clean UTF-8.
    return only_blank_before or kind_of_suffix(suffix) not in TEXT_KINDS or not _is_utf8(head)


def _is_utf8(head: bytes) -> bool:
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        # The end of the head may have cut a character in two.
        return error.end >= len(head) - 3 and b"\0" not in head
    return b"\0" not in head


def _refused_kind(head: bytes, suffix: str) -> str | None:
    """Name the kind of a file that is not text, for a message; None for text, and for bytes that may be text."""
    if head.startswith(_OLD_OFFICE_MARK):
        return _OLD_OFFICE.get(suffix, "an old Office document")
    if (markup := _starting(_MARKUP, head)) is not None:
        return markup
    if has_byte_order_mark(head) or not (b"\0" in head or has_many_controls(head)):
        return None
    if (kind := _starting(_BINARIES, head) or _media_or_archive(head)) is not None:
        return kind
    return "binary data, or UTF-16 text without a byte order mark" if b"\0" in head else None


def _starting(kinds: dict[bytes, str], head: bytes) -> str | None:
    return next((kind for mark, kind in kinds.items() if head.startswith(mark)), None)


def _media_or_archive(head: bytes) -> str | None:
    """Name the kind of a binary file as puremagic does, or return None where puremagic does not know it.

    An answer without a MIME type is left out, since it is often wrong: zero bytes are an embroidery design to it.
    """
    import puremagic  # it loads 160 KB of signatures, which only a refusal needs

    try:
        matches = puremagic.magic_string(head)
    except puremagic.PureError:
        return None
    best = next((match for match in matches if match.mime_type), None)
    if best is None:
        return None
    family, _, format = best.mime_type.partition("/")
    if family in _MEDIA:
        return f"{_MEDIA[family]} ({format.removeprefix('x-').upper()})"
    return f"binary data ({best.name.strip()}, by its first bytes)"
