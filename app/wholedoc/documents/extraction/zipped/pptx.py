"""PowerPoint presentations, with python-pptx: a page is a slide."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from typing import Any

from ..counting import counted
from ..pages.blocks import Block, Paragraph, Section, Table, Title, extracted_from_sections
from ..pages.extracted import Extracted
from .package import Package
from .xml import local, named, parse_xml

_DEEPEST_GROUP = 50


def read_pptx(package: Package) -> Extracted:
    """Read a presentation: titles, text, tables, the figures of charts, and the speaker's notes of each slide.

    Raises `DocumentError`.
    """
    import pptx

    presentation = pptx.Presentation(io.BytesIO(package.source.data))
    reader = _Reader(package)
    sections = [reader.section(slide, number) for number, slide in enumerate(presentation.slides, 1)]
    return extracted_from_sections(sections, tuple(reader.warnings()))


class _Reader:
    def __init__(self, package: Package) -> None:
        self._package = package
        self._hidden: list[int] = []
        self._notes = 0
        self._comments = 0
        self._pictures = 0

    def section(self, slide: Any, number: int) -> Section:
        """Return a slide as a page; a hidden one says so in its label."""
        hidden = slide._element.get("show") in ("0", "false")
        if hidden:
            self._hidden.append(number)
        blocks = [*self._title(slide), *self._shapes(slide.shapes, slide.shapes.title)]
        blocks += self._told(slide)
        return Section(f"slide {number}{' (hidden)' if hidden else ''}", tuple(blocks))

    def warnings(self) -> Iterator[str]:
        if self._hidden:
            numbers = ", ".join(map(str, self._hidden))
            yield f"Slides that a show leaves out were read too, and are marked as hidden: {numbers}."
        if self._notes:
            yield f"The speaker's notes stand below {counted(self._notes, 'slide')}."
        if self._comments:
            yield f"Comments stand below their slides: {counted(self._comments, 'comment')}."
        if self._pictures:
            yield f"Pictures in it were not read: {counted(self._pictures, 'picture')}."

    def _title(self, slide: Any) -> Iterator[Block]:
        title = slide.shapes.title
        if title is not None and title.has_text_frame and title.text_frame.text.strip():
            yield Title(title.text_frame.text, 1)

    def _shapes(self, shapes: Iterable[Any], title: Any, depth: int = 0) -> Iterator[Block]:
        for shape in shapes:
            if title is not None and shape.shape_id == title.shape_id and depth == 0:
                continue
            if hasattr(shape, "shapes"):
                if depth > _DEEPEST_GROUP:
                    raise RecursionError
                yield from self._shapes(shape.shapes, None, depth + 1)
            elif getattr(shape, "has_table", False):
                yield Table(tuple(_table_rows(shape.table)))
            elif getattr(shape, "has_chart", False):
                yield from self._chart(shape.chart)
            elif shape.has_text_frame:
                yield from _paragraphs(shape.text_frame)
            elif local(shape._element) == "pic":
                self._pictures += 1
            elif local(shape._element) == "graphicFrame":
                yield from self._diagram(shape)

    def _chart(self, chart: Any) -> Iterator[Block]:
        """Yield the title of a chart, and its figures as a table: a row for each category."""
        if chart.has_title and chart.chart_title.has_text_frame:
            yield from _paragraphs(chart.chart_title.text_frame)
        for plot in chart.plots:
            series = [(one.name or "", list(one.values)) for one in plot.series]
            categories = [str(one) for one in plot.categories]
            header = ("", *(name for name, _ in series))
            count = max([len(categories), *(len(values) for _, values in series)], default=0)
            rows = [
                (_at(categories, index), *(_figure(_at(values, index)) for _, values in series))
                for index in range(count)
            ]
            yield Table((header, *rows))

    def _diagram(self, shape: Any) -> Iterator[Block]:
        """Yield the texts of a diagram (SmartArt), which stand in a part of their own."""
        for ids in named(shape._element, "relIds"):
            id = next((str(value) for key, value in ids.attrib.items() if str(key).endswith("}dm")), "")
            if id in shape.part.rels:
                root = parse_xml(shape.part.related_part(id).blob, self._package.source)
                for paragraph in named(root, "p"):
                    if text := "".join(one.text or "" for one in named(paragraph, "t")).strip():
                        yield Paragraph(text, is_item=True)

    def _told(self, slide: Any) -> Iterator[Block]:
        """Yield the speaker's notes and the comments of a slide."""
        frame = slide.notes_slide.notes_text_frame if slide.has_notes_slide else None
        if frame is not None and (text := frame.text.strip()):
            self._notes += 1
            yield Paragraph(f"Speaker's notes: {_lines(text)}")
        for relationship in slide.part.rels.values():
            if not relationship.is_external and relationship.reltype.rpartition("/")[2] == "comments":
                root = parse_xml(relationship.target_part.blob, self._package.source)
                for comment in named(root, "cm"):
                    texts = [one.text or "" for one in comment.iter() if local(one) in ("text", "t")]
                    if text := " ".join(" ".join(texts).split()):
                        self._comments += 1
                        yield Paragraph(f"Comment: {text}")


def _paragraphs(frame: Any) -> Iterator[Block]:
    """Yield the lines of a text frame, which belong together."""
    lines = [_lines(paragraph.text).strip() for paragraph in frame.paragraphs]
    lines = [line for line in lines if line]
    for index, line in enumerate(lines):
        yield Paragraph(line, is_item=index > 0)


def _lines(text: str) -> str:
    return text.replace("\v", "\n")


def _table_rows(table: Any) -> Iterator[tuple[str, ...]]:
    above: list[str] = []
    for row in table.rows:
        texts = []
        for index, cell in enumerate(row.cells):
            down = cell._tc.vMerge and index < len(above)  # goes on from the row above
            texts.append(above[index] if down else "" if cell._tc.hMerge else _lines(cell.text))
        above = texts
        yield tuple(texts)


def _at(values: list[Any], index: int) -> Any:
    return values[index] if index < len(values) else ""


def _figure(value: Any) -> str:
    return "" if value is None else f"{value:.15g}" if isinstance(value, float) else str(value)
