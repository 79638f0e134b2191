"""Reading plain text and Markdown."""

from __future__ import annotations

import re

from ..pages.clean import clean_line
from ..pages.extracted import Extracted
from ..pages.paging import Heading, extracted_from_text
from .decoding import decode

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_HEADING = re.compile(r" {0,3}(#{1,6})(?=[ \t]|$)")
_UNDERLINE = re.compile(r" {0,3}(=+|-+)[ \t]*$")
_NOT_A_PARAGRAPH = re.compile(r"[ \t]*(?:$|[#>|*+-]|\d+[.)])|    |\t")


def read_text(data: bytes, name: str) -> Extracted:
    """Read the pages of a plain text. Raises `UnreadableFileError` for data that is not text."""
    text, warnings = decode(data, name)
    return extracted_from_text(text, [], warnings)


def read_markdown(data: bytes, name: str) -> Extracted:
    """Read the pages of a Markdown text, as it is written, and its headings as the outline.

    Raises `UnreadableFileError` for data that is not text.
    """
    text, warnings = decode(data, name)
    return extracted_from_text(text, markdown_headings(text), warnings)


def markdown_headings(text: str) -> list[Heading]:
    """Find headings with `#` and underlined ones, but none in code fences or in front matter."""
    headings: list[Heading] = []
    fence = ""
    offset = 0
    above, above_offset = "", 0
    body = _after_front_matter(text)
    for line in text.splitlines(keepends=True):
        content = line.rstrip("\n\f")
        mark = _FENCE.match(content)
        if offset < body:
            content = ""
        elif fence:
            if mark and mark[1].startswith(fence) and not content[mark.end() :].strip():
                fence = ""
            content = ""
        elif mark:
            fence = mark[1]
            content = ""
        elif match := _HEADING.match(content):
            _add(headings, _without_closing_marks(content[match.end() :]), len(match[1]), offset)
        elif (match := _UNDERLINE.match(content)) and not _NOT_A_PARAGRAPH.match(above):
            _add(headings, above, 1 if match[1].startswith("=") else 2, above_offset)
            content = ""
        above, above_offset = content, offset
        offset += len(line)
    return headings


def _add(headings: list[Heading], title: str, level: int, offset: int) -> None:
    if title := clean_line(title):
        headings.append(Heading(title, level, offset))


def _without_closing_marks(title: str) -> str:
    """Remove the closing marks of "Title ##", but leave "C#" as it is."""
    bare = title.rstrip(" \t").rstrip("#")
    return bare if not bare or bare[-1] in " \t" else title


def _after_front_matter(text: str) -> int:
    """Return the offset behind front matter, a leading block between lines of three dashes, or 0 without one."""
    if not text.startswith("---\n"):
        return 0
    end = text.find("\n---\n", 3)
    return 0 if end < 0 else end + len("\n---\n")
