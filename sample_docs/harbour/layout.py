"""Setting chapters on pages: frames, running heads, labels, bookmarks, contents."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any
from xml.sax.saxutils import escape

from reportlab import rl_config
from reportlab.lib import colors
from reportlab.lib.enums import TA_CENTER, TA_JUSTIFY
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import (
    BaseDocTemplate,
    CondPageBreak,
    Frame,
    KeepTogether,
    NextPageTemplate,
    PageBreak,
    PageTemplate,
    Paragraph,
    Spacer,
)
from reportlab.platypus import Table as SetTable
from reportlab.platypus.tableofcontents import TableOfContents

from harbour.pages import Chapter, Entry, Section, Table

PAGE = (148 * mm, 210 * mm)  # A5
MARGIN = 20 * mm
LINE = PAGE[0] - 2 * MARGIN
INK = colors.HexColor("#1f3044")
RULE = colors.HexColor("#9aa7b5")
TINT = colors.HexColor("#eef1f5")

BODY = ParagraphStyle("body", fontName="Times-Roman", fontSize=10.9, leading=15, alignment=TA_JUSTIFY, spaceAfter=7)
SMALL = ParagraphStyle("small", parent=BODY, fontSize=9.2, leading=12, alignment=0, spaceAfter=0)
SMALL_RIGHT = ParagraphStyle("small-right", parent=SMALL, alignment=2)
CHAPTER = ParagraphStyle(
    "chapter",
    fontName="Helvetica-Bold",
    fontSize=19,
    leading=24,
    textColor=INK,
    spaceBefore=34,
    spaceAfter=16,
)
HEAD = ParagraphStyle("head", parent=CHAPTER, fontSize=15, leading=19, spaceBefore=14, spaceAfter=8, keepWithNext=1)
SECTION = ParagraphStyle(
    "section",
    fontName="Helvetica-Bold",
    fontSize=12.5,
    leading=16,
    textColor=INK,
    spaceBefore=12,
    spaceAfter=7,
    keepWithNext=1,
)
CAPTION = ParagraphStyle(
    "caption",
    fontName="Helvetica",
    fontSize=9,
    leading=12,
    textColor=INK,
    spaceBefore=6,
    spaceAfter=4,
    keepWithNext=1,
)
TITLE = ParagraphStyle(
    "title", fontName="Helvetica-Bold", fontSize=25, leading=32, textColor=INK, alignment=TA_CENTER
)
UNDER = ParagraphStyle("under", parent=BODY, fontSize=12.5, leading=18, alignment=TA_CENTER)


class Book(BaseDocTemplate):
    """A document whose front matter is numbered i, ii, iii and whose chapters are numbered 1, 2, 3."""

    def __init__(self, out: io.BytesIO, title: str) -> None:
        super().__init__(
            out,
            pagesize=PAGE,
            leftMargin=MARGIN,
            rightMargin=MARGIN,
            topMargin=22 * mm,
            bottomMargin=21 * mm,
            title=title,
            author="Ostrevane Harbour Authority",
            subject="A fictional document made for wholedoc",
            creator="wholedoc sample_docs",
            invariant=1,
            pageCompression=1,
        )
        frame = Frame(MARGIN, 21 * mm, LINE, PAGE[1] - 43 * mm, 0, 0, 0, 0, id="text")
        self.addPageTemplates(
            [
                PageTemplate("plain", [frame], onPage=_nothing),
                PageTemplate("front", [frame], onPage=self._front),
                PageTemplate("main", [frame], onPageEnd=self._main),
            ]
        )
        self._first_main = 0
        self._chapter = ""
        self._opening = False

    def beforeDocument(self) -> None:  # noqa: N802 - the library's own name
        self._first_main = 0
        self._chapter = ""

    def afterFlowable(self, flowable: Any) -> None:  # noqa: N802
        level = getattr(flowable, "outline_level", None)
        if level is None:
            return
        if level == 0:
            self._chapter, self._opening = flowable.plain, True
            if not self._first_main:
                self._first_main = self.page
                # labels are set once for each run of pages, and a page is counted from nought here
                self.canv.addPageLabel(0, style="ROMAN_LOWER", start=1)
                self.canv.addPageLabel(self.page - 1, style="ARABIC", start=1)
        key = f"h{self.page}-{flowable.number}"
        self.canv.bookmarkPage(key)
        self.canv.addOutlineEntry(flowable.plain, key, level, closed=level == 0)
        self.notify("TOCEntry", (level, escape(flowable.plain), self.page - self._first_main + 1, key))

    def _front(self, canvas: Any, _doc: Any) -> None:
        canvas.setFont("Times-Italic", 9)
        canvas.setFillColor(INK)
        canvas.drawCentredString(PAGE[0] / 2, 14 * mm, _roman(canvas.getPageNumber()))

    def _main(self, canvas: Any, _doc: Any) -> None:
        label = str(canvas.getPageNumber() - self._first_main + 1)
        canvas.setFillColor(INK)
        if not self._opening:
            canvas.setFont("Helvetica", 7.8)
            canvas.drawString(MARGIN, PAGE[1] - 16 * mm, self._chapter)
            canvas.drawRightString(PAGE[0] - MARGIN, PAGE[1] - 16 * mm, "Ostrevane Harbour Authority")
            canvas.setStrokeColor(RULE)
            canvas.setLineWidth(0.5)
            canvas.line(MARGIN, PAGE[1] - 18 * mm, PAGE[0] - MARGIN, PAGE[1] - 18 * mm)
        canvas.setFont("Times-Roman", 9)
        canvas.drawCentredString(PAGE[0] / 2, 13 * mm, label)
        self._opening = False


def set_book(title: str, front: Sequence[Any], chapters: Sequence[Chapter], *, apart: bool = True) -> bytes:
    """The finished PDF; ``apart`` begins each chapter on a page of its own."""
    story: list[Any] = [*front, NextPageTemplate("main"), PageBreak()]
    count = 0
    for number, chapter in enumerate(chapters):
        if number and apart:
            story.append(PageBreak())
        story.append(CondPageBreak(58 * mm))
        story.append(_heading(chapter.title, CHAPTER if apart else HEAD, 0, count))
        count += 1
        story += [Paragraph(escape(text), BODY) for text in chapter.intro]
        for section in chapter.sections:
            parts = [_heading(section.title, SECTION, 1, count), *_blocks(section)]
            count += 1
            # a heading and what leads up to a table stay with it, if a page can hold them all
            short = len(section.blocks) < 3 and isinstance(section.blocks[-1], Table)
            # a heading does not wait for an entry that is kept whole, so it asks for room itself
            if getattr(story[-1], "outline_level", None) is None:
                story.append(CondPageBreak(34 * mm))
            story += [KeepTogether(parts)] if short and len(section.blocks[-1].rows) < 24 else parts
    out = io.BytesIO()
    book = Book(out, title)
    plain_text, rl_config.useA85 = rl_config.useA85, 0  # binary streams are a fifth smaller
    try:
        book.multiBuild(story)
    finally:
        rl_config.useA85 = plain_text
    return out.getvalue()


def contents() -> TableOfContents:
    """The list of chapters and sections, filled in as the pages are set."""
    toc = TableOfContents()
    toc.dotsMinLevel = 0
    toc.levelStyles = [
        ParagraphStyle("toc0", fontName="Helvetica-Bold", fontSize=10, leading=14, spaceBefore=7, textColor=INK),
        ParagraphStyle("toc1", fontName="Times-Roman", fontSize=10, leading=12.6, leftIndent=12),
    ]
    return toc


def plain_heading(text: str) -> Paragraph:
    """A heading of the front matter, which has no bookmark."""
    return Paragraph(escape(text), CHAPTER)


def gap(height: float) -> Spacer:
    return Spacer(1, height * mm)


def set_table(table: Table) -> list[Any]:
    """Caption and grid; the head is repeated where the table runs over a page."""
    share = LINE / sum(table.widths)
    head = [
        Paragraph(f"<b>{escape(c)}</b>", SMALL_RIGHT if i in table.right else SMALL)
        for i, c in enumerate(table.columns)
    ]
    rows = [
        [Paragraph(escape(cell), SMALL_RIGHT if i in table.right else SMALL) for i, cell in enumerate(row)]
        for row in table.rows
    ]
    style = [
        ("LINEABOVE", (0, 0), (-1, 0), 0.9, INK),
        ("LINEBELOW", (0, 0), (-1, 0), 0.5, INK),
        ("LINEBELOW", (0, -1), (-1, -1), 0.9, INK),
        ("ROWBACKGROUNDS", (0, 1), (-1, -1), [None, TINT]),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("TOPPADDING", (0, 0), (-1, -1), 2),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 3.4),
        ("LEFTPADDING", (0, 0), (-1, -1), 3),
        ("RIGHTPADDING", (0, 0), (-1, -1), 3),
    ]
    grid = SetTable([head, *rows], colWidths=[w * share for w in table.widths], repeatRows=1, style=style)
    return [Paragraph(escape(table.title), CAPTION), grid, Spacer(1, 10)]


def _blocks(section: Section) -> list[Any]:
    set_: list[Any] = []
    for block in section.blocks:
        if isinstance(block, Table):
            set_ += set_table(block)
        elif isinstance(block, Entry):
            text = f'<font name="Helvetica-Bold" size="9">{escape(block.head)}</font> {escape(block.body)}'
            paragraph = Paragraph(text, BODY)
            set_.append(KeepTogether([paragraph]) if block.whole else paragraph)
        else:
            set_.append(Paragraph(escape(block), BODY))
    return set_


def _heading(text: str, style: ParagraphStyle, level: int, number: int) -> Paragraph:
    heading = Paragraph(escape(text), style)
    heading.plain, heading.outline_level, heading.number = text, level, number
    return heading


def _nothing(_canvas: Any, _doc: Any) -> None:
    """The title page carries no folio."""


def _roman(number: int) -> str:
    # front matter never runs to fifty pages, so there is no L
    text = ""
    for value, sign in ((10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i")):
        while number >= value:
            text, number = text + sign, number - value
    return text
