"""Reading HTML as the text that a browser would show."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import accumulate

from bs4 import Tag
from bs4.element import CData, NavigableString, PageElement, PreformattedString

from ..pages.blocks import LONGEST_CELL, row_text
from ..pages.clean import clean_line
from ..pages.extracted import Extracted
from ..pages.paging import Heading, extracted_from_text
from .decoding import decode
from .markup import parse_markup

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


@dataclass(frozen=True)
class WebPage:
    """The text that a browser would show, without the title; its headings; how much hidden text was left out."""

    title: str
    text: str
    headings: list[Heading]
    hidden_characters: int
    warnings: tuple[str, ...]


def read_html(data: bytes, name: str) -> Extracted:
    """Read a web page: its title, then its visible text with a line for each block; headings are the outline.

    Scripts, styles, templates, drawings and hidden elements are left out; of a link only its text stays.
    Raises `UnreadableFileError` for data that is not text, and `ExtractionLimitError` for a page whose elements
    are so many inside one another that it would take too long.
    """
    page = read_web_page(data, name)
    first_heading = next((one.title for one in page.headings if one.level == 1), "")
    if not page.title or first_heading == page.title:
        return extracted_from_text(page.text, page.headings, page.warnings)
    head = f"{page.title}\n\n" if page.text else page.title
    headings = [replace(one, offset=one.offset + len(head)) for one in page.headings]
    return extracted_from_text(f"{head}{page.text}", headings, page.warnings)


def read_web_page(data: bytes, name: str, declared: str | None = None) -> WebPage:
    """Read a web page; `declared` is the encoding that what it came with states. Raises what `read_html` raises."""
    stated = _CHARSET.search(data[:_CHARSET_WITHIN])
    source, warnings = decode(data, name, declared or (stated[1].decode("ascii") if stated else None))
    soup = parse_markup(source.replace("\f", "\n"), name)
    writer = _Writer()
    hidden = _write_tree(soup, writer)
    text, headings = writer.finish()
    title = clean_line(soup.title.get_text()) if soup.title else ""
    return WebPage(title, text, headings, hidden, warnings)


def _write_tree(root: Tag, writer: _Writer) -> int:
    """Write all text below `root`, without recursion: a hostile page nests deeper than Python's stack.

    Returns how many characters of text are in hidden elements, which are left out.
    """
    hidden = 0
    open_tags: list[tuple[Tag, Iterator[PageElement]]] = [(root, iter(root.contents))]
    while open_tags:
        tag, children = open_tags[-1]
        child = next(children, None)
        if child is None:
            open_tags.pop()
            writer.close(tag.name)
        elif isinstance(child, Tag):
            if child.name in _DROPPED:
                continue
            if _is_hidden(child):
                hidden += len("".join(child.get_text().split()))
                continue
            writer.open(child.name)
            open_tags.append((child, iter(child.contents)))
        elif isinstance(child, NavigableString) and (
            isinstance(child, CData) or not isinstance(child, PreformattedString)
        ):
            writer.write(str(child))
    return hidden


def _is_hidden(tag: Tag) -> bool:
    style = tag.get("style")
    return tag.has_attr("hidden") or (isinstance(style, str) and _HIDDEN_STYLE.search(style) is not None)


@dataclass
class _Cell:
    """An open cell of a table: its first line, the cells before it in the row, and whether it has tables or
    headings."""

    first: int
    before: list[str]
    holds_blocks: bool = False


class _Writer:
    """Gathers the text's lines, with single spaces except inside `pre`, and the places where headings begin.

    The cells of a table's row stand on one line. A cell that is long, or holds a table or a heading, arranges the
    page: its lines stay as they are.
    """

    def __init__(self) -> None:
        self._lines: list[str | None] = []
        self._line: list[str] = []
        self._preformatted = 0
        self._open_heading: tuple[int, int] | None = None
        self._headings: list[tuple[str, int, int]] = []
        self._row: list[str] = []
        self._cells: list[_Cell] = []

    def open(self, name: str) -> None:
        if name in _CELLS:
            self._open_cell()
            return
        self._break_for(name)
        if self._cells and (name == "table" or name == "pre" or name in _HEADINGS):
            self._cells[-1].holds_blocks = True
        if name == "pre":
            self._preformatted += 1
        elif name in _HEADINGS:
            self._end_heading()  # one without an end ends where the next begins, so no line is gathered twice
            self._open_heading = _HEADINGS[name], len(self._lines)

    def close(self, name: str) -> None:
        if name == "br":
            return  # a line break has no end
        if name in _CELLS:
            self._close_cell()
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
        offsets = [0, *accumulate(0 if line is None else len(line) + 1 for line in self._lines)]
        headings = [Heading(title, level, offsets[line]) for title, level, line in self._headings]
        return "\n".join(line for line in self._lines if line is not None).rstrip(), headings

    def _open_cell(self) -> None:
        """Put the cells before this one aside. Their place is kept, should this one have lines of its own."""
        if beside := "".join(self._line).strip():
            self._row.append(beside)
        self._line.clear()
        self._cells.append(_Cell(len(self._lines), self._row))
        self._row = []
        self._lines.append(None)

    def _close_cell(self) -> None:
        if not self._cells:  # an end without a beginning
            return
        self._end_line()
        cell = self._cells.pop()
        text = "" if cell.holds_blocks else self._text_since(cell.first + 1)
        if cell.holds_blocks or len(text) > LONGEST_CELL:
            self._lines[cell.first] = row_text(cell.before) or None
            if self._cells:
                self._cells[-1].holds_blocks = True
            return
        del self._lines[cell.first :]
        cell.before.append(text)
        self._row = cell.before

    def _text_since(self, first: int) -> str:
        """Return the lines from `first` on as one, of a long cell only so much that its length shows."""
        return " ".join(line for line in self._lines[first : first + 1 + LONGEST_CELL] if line)

    def _end_heading(self) -> None:
        if self._open_heading is None:
            return
        level, first = self._open_heading
        self._open_heading = None
        if title := clean_line(" ".join(line for line in self._lines[first:] if line)):
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
            return
        line = re.sub(" +", " ", line).strip()
        if self._row:
            line = row_text([*self._row, line])
            self._row = []
        if line:
            self._lines.append(line)
