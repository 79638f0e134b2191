"""OpenDocument texts: a page is what stands under a heading."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ....errors import PasswordError
from ..counting import counted
from ..pages.blocks import LONGEST_CELL, Block, Paragraph, Table, Title, flowing
from ..pages.extracted import Extracted
from .package import Package
from .xml import XML, attribute, local, named, parse_xml

_CONTAINERS = frozenset(
    (
        *(
            "section",
            "list",
            "list-header",
            "index-body",
            "text-box",
            "frame",
            "numbered-paragraph",
            "a",
            "page",
            "g",
        ),
        *(
            "table-of-content",
            "illustration-index",
            "table-index",
            "alphabetical-index",
            "bibliography",
            "user-index",
        ),
    )
)
# White space counts once; more of it has elements of its own.
_SPACES = re.compile(r"[ \t\r\n]+")
_MOST_REPEATED = 1000  # columns or rows; a file may claim millions that are empty


def read_odt(package: Package) -> Extracted:
    """Read an OpenDocument text. Raises `DocumentError`."""
    manifest = package.get("META-INF/manifest.xml")
    if manifest is not None and b"encryption-data" in manifest:
        raise PasswordError(
            f"{package.source.name} is protected with a password, which cannot be opened here: save it without a"
            " password."
        )
    root = parse_xml(package.read("content.xml"), package.source)
    styles = package.get("styles.xml")
    reader = _Reader([root, *([parse_xml(styles, package.source)] if styles else [])])
    body = next(named(root, "text"), None)
    blocks: list[Block] = [] if body is None else reader.all_blocks(body)
    return flowing(blocks, tuple(reader.warnings()))


class _Reader:
    def __init__(self, roots: list[XML]) -> None:
        self._roots = roots
        self._hidden_styles = {
            attribute(style, "name")
            for root in roots
            for style in named(root, "style")
            if any(attribute(one, "display") == "none" for one in style)
        }
        self._notes: list[str] = []
        self._told_notes = 0
        self._comments: list[str] = []
        self._changes = 0
        self._hidden = 0
        self._pictures = 0

    def all_blocks(self, body: XML) -> list[Block]:
        """Return the document's blocks, then its comments, and what its headers and footers say."""
        blocks = [*self._blocks(body), *self._new_notes()]
        if self._comments:
            blocks += [Title("Comments", 1), *map(Paragraph, self._comments)]
        running = list(dict.fromkeys(self._running_texts()))
        if running and blocks:
            blocks += [Title("Headers and footers", 1), *map(Paragraph, running)]
        return blocks

    def warnings(self) -> Iterator[str]:
        if self._changes:
            yield (
                f"It has {counted(self._changes, 'tracked change')} and is read as if all were accepted: deleted"
                " text is left out."
            )
        if self._hidden:
            yield f"Hidden text was left out: {counted(self._hidden, 'character')}."
        if self._notes:
            yield f"Notes stand at the end of what they belong to: {counted(len(self._notes), 'note')}."
        if self._comments:
            yield f"Comments stand on a page of their own at the end: {counted(len(self._comments), 'comment')}."
        if self._pictures:
            yield f"Pictures in it were not read: {counted(self._pictures, 'picture')}."

    def _blocks(self, container: XML, in_list: bool = False) -> Iterator[Block]:
        for child in container:
            name = local(child)
            if self._is_hidden(child):
                self._hidden += len("".join(child.itertext()))
            elif name == "h":
                if text := self._text(child):
                    yield from self._new_notes()
                    yield Title(text, _number(child, "outline-level"))
            elif name == "p":
                if text := self._text(child):
                    yield Paragraph(text, is_item=in_list)
                for box in self._boxes(child):
                    yield from self._blocks(box)
            elif name == "list-item":
                yield from self._blocks(child, in_list=True)
            elif name == "table":
                yield from self._table(child)
            elif name == "tracked-changes":
                self._changes += sum(1 for _ in named(child, "changed-region"))
            elif name in _CONTAINERS:
                yield from self._blocks(child, in_list)

    def _is_hidden(self, element: XML) -> bool:
        if attribute(element, "display") == "none" or attribute(element, "style-name") in self._hidden_styles:
            return True
        return local(element) == "hidden-paragraph"

    def _boxes(self, paragraph: XML) -> list[XML]:
        """Return the text boxes that hang on a paragraph, without those in others, and count its pictures."""
        own = [one for one in paragraph.iter("{*}text-box", "{*}image") if _paragraph_of(one) is paragraph]
        self._pictures += sum(local(one) == "image" for one in own)
        return [one for one in own if local(one) == "text-box"]

    def _text(self, element: XML) -> str:
        return "".join(self._inline(element)).strip()

    def _inline(self, element: XML) -> Iterator[str]:
        yield _SPACES.sub(" ", element.text or "")
        for child in element:
            name = local(child)
            if self._is_hidden(child) or name == "hidden-text":
                self._hidden += len("".join(child.itertext())) or len(attribute(child, "string-value") or "")
            elif name == "s":
                yield " " * min(_number(child, "c"), _MOST_REPEATED)
            elif name == "tab":
                yield "\t"
            elif name == "line-break":
                yield "\n"
            elif name == "note":
                self._notes.append(_plain(next(named(child, "note-body"), None)))
                yield f"[{len(self._notes)}]"
            elif name == "annotation":
                self._comment(child)
            elif name in ("frame", "custom-shape", "ruby-text"):
                pass  # text boxes are blocks of their own
            elif name:
                yield from self._inline(child)
            yield _SPACES.sub(" ", child.tail or "")

    def _comment(self, annotation: XML) -> None:
        author = next((one.text for one in named(annotation, "creator") if one.text), "somebody")
        date = next((one.text for one in named(annotation, "date") if one.text), "")[:10]
        text = " ".join(_plain(one) for one in named(annotation, "p"))
        self._comments.append(f"{author}{f', {date}' if date else ''}: {text}")

    def _new_notes(self) -> Iterator[Block]:
        """Yield the notes that were referred to since the last call."""
        first, self._told_notes = self._told_notes, len(self._notes)
        for index in range(first, self._told_notes):
            yield Paragraph(f"[{index + 1}] {self._notes[index]}", is_item=index > first)

    def _table(self, table: XML) -> Iterator[Block]:
        """Yield a table; of one that arranges a page (one column, long cells, inner tables) what it holds."""
        rows = [_cells(row) for row in _rows(table)]
        cells = [cell for row in rows for cell, _ in row]
        inner = next((one for one in named(table, "table") if one is not table), None) is not None
        longest = max((len("".join(cell.itertext())) for cell in cells), default=0)
        if inner or longest > LONGEST_CELL or max(map(len, rows), default=0) < 2:
            for cell in cells:
                yield from self._blocks(cell)
            return
        yield Table(tuple(self._row_texts(rows)))

    def _row_texts(self, rows: list[list[tuple[XML, int]]]) -> Iterator[tuple[str, ...]]:
        """Yield the cells of each row; what goes down over several rows is said in each."""
        above: list[str] = []
        down: dict[int, int] = {}
        for row in rows:
            texts: list[str] = []
            for cell, count in row:
                column = len(texts)
                if local(cell) == "covered-table-cell" and down.get(column, 0) > 0 and column < len(above):
                    texts.append(above[column])
                    down[column] -= 1
                    continue
                blocks = [block.text for block in self._blocks(cell) if isinstance(block, Title | Paragraph)]
                if (span := _number(cell, "number-rows-spanned")) > 1:
                    down[column] = span - 1
                texts += [" ".join(blocks)] * count
            above = texts
            yield tuple(texts)

    def _running_texts(self) -> Iterator[str]:
        for root in self._roots[1:]:
            for name in ("header", "footer", "header-first", "footer-first", "header-left", "footer-left"):
                for element in named(root, name):
                    for paragraph in named(element, "p"):
                        if text := " ".join(_plain(paragraph).split()):
                            yield text


def _paragraph_of(element: XML) -> XML | None:
    return next(element.iterancestors("{*}p", "{*}h"), None)


def _rows(table: XML) -> Iterator[XML]:
    for child in table:
        if local(child) == "table-row":
            yield child
        elif local(child) in ("table-header-rows", "table-rows", "table-row-group"):
            yield from _rows(child)


def _cells(row: XML) -> list[tuple[XML, int]]:
    """Return each cell, and over how many columns it is repeated."""
    return [
        (cell, min(_number(cell, "number-columns-repeated"), _MOST_REPEATED))
        for cell in row
        if local(cell) in ("table-cell", "covered-table-cell")
    ]


def _number(element: XML, name: str) -> int:
    """Return an attribute that is a number; 1 if it is not there, or no number."""
    value = attribute(element, name) or ""
    return max(int(value), 1) if value.isdecimal() and len(value) < 9 else 1


def _plain(element: XML | None) -> str:
    return "" if element is None else " ".join("".join(element.itertext()).split())
