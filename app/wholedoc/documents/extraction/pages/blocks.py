"""What documents of flowing text are made of, and how they become pages: titles, paragraphs and tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ...document import OutlineEntry
from .clean import clean_characters, clean_line
from .extracted import Extracted
from .paging import PAGE_CHARACTERS, divide

CELL_SEPARATOR = " | "
"""Stands between the cells of a table's row, which is one line."""

# A label is no longer than this; a title that is longer ends in an ellipsis there.
_LABEL_CHARACTERS = 60
# A table whose cells are longer than this, in characters, arranges a page: its cells are read one after the other.
LONGEST_CELL = 500


@dataclass(frozen=True)
class Title:
    """A heading; `level` counts from 1."""

    text: str
    level: int


@dataclass(frozen=True)
class Paragraph:
    """A paragraph, which may have several lines. The items of a list stand on lines below each other."""

    text: str
    is_item: bool = False


@dataclass(frozen=True)
class Table:
    """Rows of cells; the first one with more than one cell names the columns.

    `numbers` are the numbers of the rows in the file, where it has some.
    """

    rows: tuple[tuple[str, ...], ...]
    numbers: tuple[int, ...] = ()


Block = Title | Paragraph | Table


@dataclass(frozen=True)
class Section:
    """What the format itself has for a page: a slide, a sheet, a chapter, what stands under a heading.

    `title` is its entry in the outline, beside those of its titles.
    """

    label: str
    blocks: tuple[Block, ...]
    title: str = ""


@dataclass(frozen=True)
class _Piece:
    """A text that stays on one page, and what stands between it and the piece before."""

    text: str
    gap: str = "\n\n"
    title: Title | None = None
    rows: tuple[int, int] | None = None


def extracted_from_sections(sections: Iterable[Section], warnings: tuple[str, ...]) -> Extracted:
    """Make a page of each section, and several of one that is longer than about a printed page.

    A table is divided between its rows, and the row that names its columns stands above each part. The outline is
    that of the titles.
    """
    pages: list[tuple[str, str]] = []
    outline: list[OutlineEntry] = []
    for section in sections:
        divided = list(_divided(section))
        if section.title:
            outline.append(OutlineEntry(clean_line(section.title), 1, len(pages) + 1))
        for number, pieces in enumerate(divided, 1):
            pages.append((_joined(pieces), _label(section.label, pieces, number, len(divided))))
            titles = [piece.title for piece in pieces if piece.title is not None]
            outline += [OutlineEntry(clean_line(one.text), one.level, len(pages)) for one in titles]
    return Extracted(tuple(pages), tuple(outline), warnings)


def sections_by_title(blocks: Iterable[Block], beginning: str = "beginning") -> list[Section]:
    """Divide blocks into sections at their titles; titles without text of their own stay with the next one.

    `beginning` is the label of what stands before the first title.
    """
    sections: list[Section] = []
    held: list[Block] = []
    for block in blocks:
        if isinstance(block, Title) and any(not isinstance(one, Title) for one in held):
            sections.append(_titled(held, beginning))
            held = []
        held.append(block)
    if held:
        sections.append(_titled(held, beginning))
    return sections


def without_titles(blocks: Sequence[Block]) -> bool:
    """Return whether no block is a title, so that there is nothing to call a section by."""
    return not any(isinstance(block, Title) for block in blocks)


def numbered_pages(blocks: Iterable[Block], warnings: tuple[str, ...]) -> Extracted:
    """Make pages of about 3000 characters, labelled "1", "2" and so on, of blocks without titles."""
    divided = list(_divided(Section("", tuple(blocks))))
    pages = tuple((_joined(pieces), str(number)) for number, pieces in enumerate(divided, 1))
    return Extracted(pages, (), warnings)


def flowing(blocks: Sequence[Block], warnings: tuple[str, ...]) -> Extracted:
    """Make pages of a text that flows: by its titles, or of even length if it has none."""
    if without_titles(blocks):
        return numbered_pages(blocks, warnings)
    return extracted_from_sections(sections_by_title(blocks), warnings)


def row_text(cells: Sequence[str]) -> str:
    """Return a table's row as one line, its cells apart; empty cells at its end are left out."""
    clean = [clean_line(cell) for cell in cells]
    while clean and not clean[-1]:
        clean.pop()
    return CELL_SEPARATOR.join(clean)


def short_label(text: str) -> str:
    """Return a title as a label: one line of at most 60 characters."""
    line = clean_line(text)
    return line if len(line) <= _LABEL_CHARACTERS else f"{line[: _LABEL_CHARACTERS - 1].rstrip()}…"


def _titled(blocks: list[Block], beginning: str) -> Section:
    titles = [block.text for block in blocks if isinstance(block, Title)]
    return Section(short_label(titles[-1]) if titles else beginning, tuple(blocks))


def _label(label: str, pieces: Sequence[_Piece], number: int, count: int) -> str:
    rows = [piece.rows for piece in pieces if piece.rows is not None]
    if rows and count > 1:
        first, last = rows[0][0], rows[-1][1]
        return f"{label}, {'row' if first == last else 'rows'} {first}" + (f"-{last}" if first != last else "")
    return f"{label}, part {number}" if count > 1 else label


def _divided(section: Section) -> Iterator[list[_Piece]]:
    """Yield the pieces of each page of a section: one page, or several of about PAGE_CHARACTERS."""
    held: list[_Piece] = []
    size = 0
    for block in section.blocks:
        for piece, header in _pieces(block):
            if held and size + len(piece.text) > PAGE_CHARACTERS and not _only_titles(held):
                yield held
                held = [_Piece(header)] if header else []
                size = len(header)
            held.append(piece)
            size += len(piece.text) + len(piece.gap)
    yield held


def _only_titles(pieces: Sequence[_Piece]) -> bool:
    return all(piece.title is not None for piece in pieces)


def _pieces(block: Block) -> Iterator[tuple[_Piece, str]]:
    """Yield the pieces of a block, each with the line that stands above it where a page begins with it."""
    if isinstance(block, Title):
        if text := clean_line(block.text):
            yield _Piece(text, title=block), ""
    elif isinstance(block, Paragraph):
        text = clean_characters(block.text).replace("\f", "\n").strip()
        for index, (part, _) in enumerate(divide(text) if text else []):
            yield _Piece(part, "" if index else "\n" if block.is_item else "\n\n"), ""
    else:
        yield from _rows(block)


def _rows(table: Table) -> Iterator[tuple[_Piece, str]]:
    header, above = "", False
    for index, cells in enumerate(table.rows):
        if not (text := row_text(cells)):
            continue
        number = table.numbers[index] if table.numbers else None
        rows = (number, number) if number is not None else None
        # A row that is longer than a page goes on over as many as it needs.
        for part, (piece, _) in enumerate(divide(text)):
            gap = "" if part else "\n" if above else "\n\n"
            above = True
            yield _Piece(piece, gap, rows=rows), "" if part or len(header) > PAGE_CHARACTERS // 4 else header
        if not header and sum(map(bool, cells)) > 1:
            header = text


def _joined(pieces: Sequence[_Piece]) -> str:
    return "".join(f"{piece.gap if index else ''}{piece.text}" for index, piece in enumerate(pieces)).strip("\n")
