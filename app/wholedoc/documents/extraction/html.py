"""Reading HTML as the text that a browser would show."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import accumulate

from bs4 import Tag
from bs4.element import CData, NavigableString, PageElement, PreformattedString

from .clean import clean_line
from .decoding import decode
from .extracted import Extracted
from .markup import parse_markup
from .paging import Heading, extracted_from_text

_CHARSET_WITHIN = 1024
_CHARSET = re.compile(rb"""<meta[^>]{0,200}charset\s*=\s*["']?([\w.:-]{1,40})""", re.IGNORECASE)
_HIDDEN_STYLE = re.compile(r"display\s*:\s*none", re.IGNORECASE)
_DROPPED = frozenset(("head", "title", "script", "style", "template", "noscript", "svg"))
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_PARAGRAPH_NAMES = "p pre blockquote ul ol dl table section article header footer main nav aside figure form hr"
_LINE_NAMES = "html body div li dt dd tr br caption figcaption legend option address summary"
_PARAGRAPHS = frozenset(_HEADINGS).union(_PARAGRAPH_NAMES.split())
_LINES = frozenset(_LINE_NAMES.split())
_CELLS = frozenset(("td", "th"))


def read_html(data: bytes, name: str) -> Extracted:
    """Read a web page: its title, then its visible text with a line for each block; headings are the outline.

    Scripts, styles, templates, drawings and hidden elements are left out; of a link only its text stays.
    Raises `UnreadableFileError` for data that is not text, and `ExtractionLimitError` for a page whose elements
    are so many inside one another that it would take too long.
    """
    stated = _CHARSET.search(data[:_CHARSET_WITHIN])
    source, decoding_warnings = decode(data, name, stated[1].decode("ascii") if stated else None)
    soup = parse_markup(source.replace("\f", "\n"), name)
    writer = _Writer()
    title = clean_line(soup.title.get_text()) if soup.title else ""
    first_heading = soup.find("h1")
    if title and not (first_heading and clean_line(first_heading.get_text()) == title):
        writer.write(title)
        writer.paragraph()
    _write_tree(soup, writer)
    text, headings = writer.finish()
    return extracted_from_text(text, headings, decoding_warnings)


def _write_tree(root: Tag, writer: _Writer) -> None:
    """Write all text below `root`, without recursion: a hostile page nests deeper than Python's stack."""
    open_tags: list[tuple[Tag, Iterator[PageElement]]] = [(root, iter(root.contents))]
    while open_tags:
        tag, children = open_tags[-1]
        child = next(children, None)
        if child is None:
            open_tags.pop()
            writer.close(tag.name)
        elif isinstance(child, Tag):
            if not _is_hidden(child):
                writer.open(child.name)
                open_tags.append((child, iter(child.contents)))
        elif isinstance(child, NavigableString) and (
            isinstance(child, CData) or not isinstance(child, PreformattedString)
        ):
            writer.write(str(child))


def _is_hidden(tag: Tag) -> bool:
    style = tag.get("style")
    return (
        tag.name in _DROPPED
        or tag.has_attr("hidden")
        or (isinstance(style, str) and _HIDDEN_STYLE.search(style) is not None)
    )


class _Writer:
    """Gathers the text's lines, with single spaces except inside `pre`, and the places where headings begin."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._line: list[str] = []
        self._preformatted = 0
        self._open_heading: tuple[int, int] | None = None
        self._headings: list[tuple[str, int, int]] = []

    def open(self, name: str) -> None:
        self._break_for(name)
        if name == "pre":
            self._preformatted += 1
        elif name in _HEADINGS:
            self._end_heading()  # one without an end ends where the next begins, so no line is gathered twice
            self._open_heading = _HEADINGS[name], len(self._lines)

    def close(self, name: str) -> None:
        if name == "br":
            return  # a line break has no end
        if name in _CELLS:
            self._line.append("\t")
            return
        self._break_for(name)
        if name == "pre":
            self._preformatted -= 1
        elif name in _HEADINGS:
            self._end_heading()

    def write(self, text: str) -> None:
        if not self._preformatted:
            self._line.append(re.sub(r"[ \t\n]+", " ", text))
            return
        first, *others = text.split("\n")
        self._line.append(first)
        for other in others:
            self._end_line()
            self._line.append(other)

    def paragraph(self) -> None:
        self._end_line()
        if self._lines and self._lines[-1]:
            self._lines.append("")

    def finish(self) -> tuple[str, list[Heading]]:
        self._end_line()
        offsets = [0, *accumulate(len(line) + 1 for line in self._lines)]
        headings = [Heading(title, level, offsets[line]) for title, level, line in self._headings]
        return "\n".join(self._lines).rstrip(), headings

    def _end_heading(self) -> None:
        if self._open_heading is None:
            return
        level, first = self._open_heading
        self._open_heading = None
        if title := clean_line(" ".join(self._lines[first:])):
            self._headings.append((title, level, first))

    def _break_for(self, name: str) -> None:
        if name in _PARAGRAPHS:
            self.paragraph()
        elif name in _LINES:
            self._end_line()

    def _end_line(self) -> None:
        line = "".join(self._line)
        self._line.clear()
        if self._preformatted:
            self._lines.append(line.rstrip())
        elif line := re.sub(" *\t *", "\t", re.sub(" +", " ", line)).strip():
            self._lines.append(line)
