"""Removing characters that are no text, or replacing them by what a reader sees."""

from __future__ import annotations

import re
import unicodedata

_LIGATURES = {
    code: unicodedata.normalize("NFKC", chr(code)) for code in (*range(0xFB00, 0xFB07), *range(0xFB13, 0xFB18))
}
# These control characters end a line or a word, so a line end takes their place.
_BREAKS = dict.fromkeys((0x0B, 0x0C, 0x1C, 0x1D, 0x1E, 0x1F, 0x85), "\n")
_CONTROLS: dict[int, str | None] = {
    code: None for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in "\n\t"
}
_NOT_CHARACTERS: dict[int, str | None] = {0xFFFE: None, 0xFFFF: None, 0xFEFF: None}
_CHARACTERS: dict[int, str | None] = {**_CONTROLS, **_BREAKS, **_NOT_CHARACTERS}
_SURROGATES = re.compile("[\ud800-\udfff]")
_LINE_ENDINGS = re.compile("\r\n?")
_UNREADABLE = re.compile(
    "[\ufffd\ue000-\uf8ff]"
)  # the replacement character, and characters that only one font knows
_MOST_UNREADABLE = 0.3
_SPACES_AT_LINE_END = re.compile(r"(?<![ \t])[ \t]+(?=\n)")


def clean_characters(text: str) -> str:
    """Return `text` with "\\n" as line end, without control characters, lone surrogates and non-characters."""
    text = _LINE_ENDINGS.sub("\n", text)
    return _SURROGATES.sub("", text.translate(_CHARACTERS))


def clean_pdf_text(text: str) -> str:
    """Clean as `clean_characters` does, spell out ligatures, and remove blanks at line ends and around the page."""
    text = clean_characters(text).translate(_LIGATURES)
    return _SPACES_AT_LINE_END.sub("", text).rstrip().lstrip("\n")


def clean_line(text: str) -> str:
    """Return `text`, a title, label or name, on one line with single spaces."""
    return " ".join(clean_characters(text).split())


def is_garbled(text: str) -> bool:
    """Return whether more than 30 % of the visible characters stand for no known letter."""
    found = len(_UNREADABLE.findall(text))
    return found > 0 and found > _MOST_UNREADABLE * len("".join(text.split()))
