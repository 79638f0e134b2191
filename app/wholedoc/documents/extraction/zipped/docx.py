"""Word documents: python-docx opens the package and knows its styles; the text is taken from the XML, since
python-docx's own paragraphs leave out tracked insertions, content controls and text boxes."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

from ..counting import counted
from ..pages.blocks import LONGEST_CELL, Block, Paragraph, Table, Title, flowing
from ..pages.extracted import Extracted
from .docx_text import Findings, W, paragraph_text
from .numbering import Numbering
from .package import Package
from .xml import XML, local, parse_xml

_DELETED = frozenset(("del", "moveFrom"))
_CONTAINERS = frozenset(
    ("sdt", "sdtContent", "customXml", "ins", "moveTo", "smartTag", "AlternateContent", "Choice")
)
_DEEPEST_STYLE = 20


def read_docx(package: Package) -> Extracted:
    """Read a Word document: a page is what stands under a heading. Raises `DocumentError`."""
    import docx

    document = docx.Document(io.BytesIO(package.source.data))
    reader = _Reader(package, document)
    blocks = reader.all_blocks()
    return flowing(blocks, tuple(reader.warnings()))


class _Reader:
    def __init__(self, package: Package, document: Any) -> None:
        self._package = package
        self._document = document
        self._found = Findings()
        self._told_notes = 0
        self._known_notes: dict[str, dict[str, XML]] = {}
        self._comments = 0
        self._numbering = Numbering(self._part("/numbering"))
        self._styles = {one.get(f"{W}styleId"): one for one in document.styles.element.iterfind(f"{W}style")}

    def all_blocks(self) -> list[Block]:
        """Return the document's blocks, then its comments, and what its headers and footers say."""
        blocks = list(self._blocks(self._document.element.body))
        blocks += self._notes()
        comments = list(self._comment_blocks())
        self._comments = len(comments)
        running = list(dict.fromkeys(self._running_texts()))
        if comments and blocks:
            blocks += [Title("Comments", 1), *comments]
        if running and blocks:
            blocks += [Title("Headers and footers", 1), *map(Paragraph, running)]
        return blocks

    def warnings(self) -> Iterator[str]:
        found = self._found
        if found.inserted or found.deleted:
            changes = f"{counted(found.inserted, 'insertion')}, {counted(found.deleted, 'deletion')}"
            yield (
                f"It has tracked changes ({changes}) and is read as if all were accepted: deleted text is left out."
            )
        if found.hidden:
            yield f"Hidden text was left out: {counted(found.hidden, 'character')}."
        if found.notes:
            yield f"Notes stand at the end of what they belong to: {counted(len(found.notes), 'note')}."
        if self._comments:
            yield f"Comments stand on a page of their own at the end: {counted(self._comments, 'comment')}."
        if found.pictures:
            yield f"Pictures in it were not read: {counted(found.pictures, 'picture')}."

    def _blocks(self, container: XML) -> Iterator[Block]:
        for child in container:
            name = local(child)
            if name == "p":
                yield from self._paragraph(child)
            elif name == "tbl":
                yield from self._table(child)
            elif name in _CONTAINERS:
                yield from self._blocks(child)
            elif name in _DELETED:
                self._found.deleted += 1

    def _paragraph(self, paragraph: XML) -> Iterator[Block]:
        boxes = len(self._found.boxes)
        text = paragraph_text(paragraph, self._found).strip()
        properties = paragraph.find(f"{W}pPr")
        style = self._style_of(properties)
        level = self._heading_level(properties, style)
        if text:
            number = self._number(properties, style)
            shown = f"{number} {text}" if number else text
            if level:
                yield from self._notes()
            yield Title(shown, level) if level else Paragraph(shown, is_item=bool(number))
        for box in self._found.boxes[boxes:]:
            yield from self._blocks(box)

    def _style_of(self, properties: XML | None) -> list[XML]:
        """Return the paragraph's style, and those that it is based on."""
        named = None if properties is None else properties.find(f"{W}pStyle")
        style = None if named is None else self._styles.get(named.get(f"{W}val"))
        chain: list[XML] = []
        while style is not None and len(chain) < _DEEPEST_STYLE:
            chain.append(style)
            base = style.find(f"{W}basedOn")
            style = None if base is None else self._styles.get(base.get(f"{W}val"))
        return chain

    def _heading_level(self, properties: XML | None, styles: list[XML]) -> int:
        """Return the level of a heading, from 1; 0 for other paragraphs."""
        for one in (properties, *(style.find(f"{W}pPr") for style in styles)):
            level = None if one is None else one.find(f"{W}outlineLvl")
            if level is not None and (value := level.get(f"{W}val", "")).isdecimal():
                return int(value) + 1 if int(value) < 9 else 0
        for style in styles:
            name = style.find(f"{W}name")
            words = "" if name is None else name.get(f"{W}val", "").lower()
            if words == "title":
                return 1
            if words.startswith("heading ") and words[8:].isdecimal():
                return max(int(words[8:]), 1)
        return 0

    def _number(self, properties: XML | None, styles: list[XML]) -> str:
        for one, style in ((properties, None), *((style.find(f"{W}pPr"), style) for style in styles)):
            numbered = None if one is None else one.find(f"{W}numPr")
            if numbered is None:
                continue
            id, level = numbered.find(f"{W}numId"), numbered.find(f"{W}ilvl")
            if id is None or (value := id.get(f"{W}val", "")) == "0":
                return ""
            if level is not None and (index := level.get(f"{W}val", "")).isdecimal():
                return self._numbering.next(value, int(index))
            of_style = (
                self._numbering.level_of_style(value, style.get(f"{W}styleId", "")) if style is not None else 0
            )
            return self._numbering.next(value, of_style)
        return ""

    def _table(self, table: XML) -> Iterator[Block]:
        """Yield a table; of one that arranges a page (one column, long cells, inner tables) what it holds."""
        rows = [row for row in _rows(table) if not self._is_deleted(row)]
        cells = [list(_cells(row)) for row in rows]
        inner = any(next(cell.iter(f"{W}tbl"), None) is not None for row in cells for cell, _, _ in row)
        longest = max((_length(cell) for row in cells for cell, _, _ in row), default=0)
        if inner or longest > LONGEST_CELL or max(map(len, cells), default=0) < 2:
            for row in cells:
                for cell, _, _ in row:
                    yield from self._blocks(cell)
            return
        yield Table(tuple(self._row_texts(cells)))

    def _is_deleted(self, row: XML) -> bool:
        deleted = row.find(f"{W}trPr/{W}del") is not None
        self._found.deleted += deleted
        return deleted

    def _row_texts(self, rows: list[list[tuple[XML, int, bool]]]) -> Iterator[tuple[str, ...]]:
        """Yield the cells of each row; what goes down over several rows is said in each."""
        above: list[str] = []
        for row in rows:
            texts: list[str] = []
            for cell, span, goes_on in row:
                down = goes_on and len(texts) < len(above)
                text = above[len(texts)] if down else self._cell_text(cell)
                texts += [text, *[""] * (span - 1)]
            above = texts
            yield tuple(texts)

    def _cell_text(self, cell: XML) -> str:
        return " ".join(block.text for block in self._blocks(cell) if isinstance(block, Title | Paragraph))

    def _notes(self) -> Iterator[Block]:
        """Yield the notes that were referred to since the last call."""
        first, self._told_notes = self._told_notes, len(self._found.notes)
        for index in range(first, self._told_notes):
            kind, id = self._found.notes[index]
            note = self._notes_of(kind).get(id)
            texts = [paragraph_text(one, Findings()) for one in note.iter(f"{W}p")] if note is not None else []
            yield Paragraph(f"[{index + 1}] {' '.join(' '.join(texts).split())}", is_item=index > first)

    def _comment_blocks(self) -> Iterator[Paragraph]:
        part = self._part("/comments")
        for comment in [] if part is None else part.iterfind(f"{W}comment"):
            text = " ".join(paragraph_text(one, Findings()) for one in comment.iter(f"{W}p"))
            author, date = comment.get(f"{W}author", "somebody"), comment.get(f"{W}date", "")[:10]
            yield Paragraph(f"{author}{f', {date}' if date else ''}: {' '.join(text.split())}")

    def _running_texts(self) -> Iterator[str]:
        for relationship in self._document.part.rels.values():
            kind = relationship.reltype.rpartition("/")[2]
            if kind in ("header", "footer") and not relationship.is_external:
                root = parse_xml(relationship.target_part.blob, self._package.source)
                for paragraph in root.iter(f"{W}p"):
                    if text := " ".join(paragraph_text(paragraph, Findings()).split()):
                        yield text

    def _notes_of(self, kind: str) -> dict[str, XML]:
        """Return the notes of a kind by their ids."""
        if kind not in self._known_notes:
            part = self._part(f"/{kind}s")
            self._known_notes[kind] = {} if part is None else {one.get(f"{W}id", ""): one for one in part}
        return self._known_notes[kind]

    def _part(self, kind: str) -> XML | None:
        """Return the root of the first part with this kind of relationship, or None."""
        for one in self._document.part.rels.values():
            if not one.is_external and one.reltype.endswith(kind):
                return parse_xml(one.target_part.blob, self._package.source)
        return None


def _rows(table: XML) -> Iterator[XML]:
    for child in table:
        if local(child) == "tr":
            yield child
        elif local(child) in _CONTAINERS:
            yield from _rows(child)


def _cells(row: XML) -> Iterator[tuple[XML, int, bool]]:
    """Yield each cell, over how many columns it goes, and whether it goes on from the row above."""
    for child in row:
        if local(child) == "tc":
            span, merged = child.find(f"{W}tcPr/{W}gridSpan"), child.find(f"{W}tcPr/{W}vMerge")
            value = "1" if span is None else span.get(f"{W}val", "1")
            goes_on = merged is not None and merged.get(f"{W}val", "continue") == "continue"
            yield child, min(int(value), 64) if value.isdecimal() and int(value) else 1, goes_on
        elif local(child) in _CONTAINERS:
            yield from _cells(child)


def _length(cell: XML) -> int:
    return sum(len(one.text or "") for one in cell.iter(f"{W}t"))
