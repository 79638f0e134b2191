"""Decoding bytes that should be text, or refusing them."""

from __future__ import annotations

import codecs

from ....errors import UnreadableFileError
from ..pages.clean import clean_characters

_BYTE_ORDER_MARKS = (
    # UTF-32 stands first, because its little-endian mark begins with that of UTF-16.
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_USUAL_CONTROLS = b"\t\n\x0b\x0c\r\x1a\x1b"
_CONTROLS = bytes(code for code in range(32) if code not in _USUAL_CONTROLS)
_MOST_CONTROLS = 0.02  # of all bytes; text has none, compressed data about 0.1


def has_byte_order_mark(data: bytes) -> bool:
    """Return whether `data` begins as Unicode text with a byte order mark does."""
    return any(data.startswith(mark) for mark, _ in _BYTE_ORDER_MARKS)


def has_many_controls(data: bytes) -> bool:
    """Return whether more than 2 % of the bytes are control characters that no text has."""
    return len(data.translate(None, _CONTROLS)) < len(data) * (1 - _MOST_CONTROLS)


def decode(data: bytes, name: str, declared: str | None = None) -> tuple[str, tuple[str, ...]]:
    """Return the text without control characters other than form feeds, and warnings about its encoding.

    `declared` is the encoding that the file itself states. A byte order mark decides, then `declared`,
    then UTF-8; else the text is taken as Windows-1252, or as Latin-1, with a warning.
    Raises `UnreadableFileError` for data that is not text.
    """
    text, warnings = _decode(data, name, declared)
    if "\0" in text:
        raise UnreadableFileError(
            f"{name} has NUL bytes, so it is binary data or text in another encoding: save it as UTF-8 text."
        )
    return "\f".join(clean_characters(page) for page in text.split("\f")), warnings


def _decode(data: bytes, name: str, declared: str | None) -> tuple[str, tuple[str, ...]]:
    for mark, encoding in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return _decode_marked(data, encoding, name), ()
    if has_many_controls(data):
        raise UnreadableFileError(f"{name} is binary data, not text: save it as PDF, HTML, Markdown or plain text.")
    for encoding in filter(None, (declared, "utf-8")):
        try:
            return data.decode(encoding), ()
        except (UnicodeError, LookupError):
            continue
    try:
        return data.decode("cp1252"), (_guess_warning(name, "Windows-1252"),)
    except UnicodeDecodeError:
        return data.decode("latin-1"), (_guess_warning(name, "Latin-1"),)


def _decode_marked(data: bytes, encoding: str, name: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise UnreadableFileError(
            f"{name} starts as {encoding.removesuffix('-sig').upper()} text but has invalid bytes"
            f" at position {error.start:,}: save it again as UTF-8 text."
        ) from error


def _guess_warning(name: str, encoding: str) -> str:
    return f"{name} is not valid UTF-8 and was read as {encoding}: check its accented letters, or save it as UTF-8."
