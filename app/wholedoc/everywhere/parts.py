"""The parts of a document: short enough to be understood by themselves, and together all of it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..documents.document import Document, Page
from ..documents.sentences import Sentence, paragraphs, sentences
from ..documents.tables import table_head

# A part ends with the paragraph in which it gets so many characters. In longer ones a small model overlooks more.
PART_CHARACTERS = 450
# A paragraph that is longer than this is divided between sentences.
PARAGRAPH_CHARACTERS = 1500
# Lines at the top and the bottom of a page, so many of each, are running heads if they stand on so many pages.
EDGE_LINES, RUNNING_PAGES = 2, 3
# What leads from a title to its page in a list of contents.
DOTS = re.compile(r"(?:\. ?){4,}")


@dataclass(frozen=True)
class Span:
    """Characters [start, stop) of page `page` (0-based)."""

    page: int
    start: int
    stop: int


@dataclass(frozen=True)
class Part:
    """Some paragraphs of a document, which may go over a page's end: `spans` in order, at least one.

    `index` counts the parts of the document from 0. `heading` is the entry of the outline that it stands under,
    with those above it, or empty. `table_head` is what stands above a table that the part begins within, or empty.
    """

    document: Document
    index: int
    spans: tuple[Span, ...]
    heading: str = ""
    table_head: str = ""

    @property
    def text(self) -> str:
        """What the part says, without running heads."""
        return "\n".join(self.texts)

    @property
    def texts(self) -> list[str]:
        """The exact text of each span."""
        return [self.document.pages[one.page].text[one.start : one.stop] for one in self.spans]

    @property
    def pages(self) -> tuple[int, int]:
        """The first and the last page, 1-based."""
        return self.spans[0].page + 1, self.spans[-1].page + 1

    @property
    def is_contents(self) -> bool:
        """Whether it is a list of contents: most of its lines are filled with dots up to a page number."""
        lines = self.text.splitlines()
        return 2 * sum(bool(DOTS.search(line)) for line in lines) > len(lines)

    @property
    def shown(self) -> str:
        """The part as a model sees it: where it stands, and what it says."""
        above = "\n".join(filter(None, (self.heading and f"[{self.heading}]", self.table_head)))
        return f"{above}\n{self.text}" if above else self.text


def parts_of(document: Document) -> list[Part]:
    """Return the parts of a document in order. All text is in one of them but running heads and page numbers."""
    running = running_lines(document.pages)
    grouped = list(_grouped(document, _pieces(document, running)))
    headings = _Headings(document)
    return [
        Part(document, index, spans, headings.at(spans[0]), _table_head(document, spans[0]))
        for index, spans in enumerate(grouped)
    ]


def running_lines(pages: Sequence[Page]) -> frozenset[str]:
    """Return the lines that stand at the edges of several pages, each with its numbers replaced by #."""
    counted = Counter(line for page in pages for line in {_masked(text) for _, _, text in _edges(page.text)})
    return frozenset(line for line, count in counted.items() if count >= RUNNING_PAGES)


def _edges(text: str) -> list[tuple[int, int, str]]:
    """Return start, stop and text of the first and last lines of a page that are not blank."""
    lines: list[tuple[int, int, str]] = []
    position = 0
    for line in text.splitlines(keepends=True):
        if line.strip():
            lines.append((position, position + len(line), line))
        position += len(line)
    return lines[:EDGE_LINES] + lines[max(EDGE_LINES, len(lines) - EDGE_LINES) :]


def _masked(line: str) -> str:
    return re.sub(r"\d+|\b[ivxlc]+\b", "#", " ".join(line.split()).casefold())


def _pieces(document: Document, running: frozenset[str]) -> Iterator[Span]:
    """Yield the paragraphs without running heads, long ones divided between sentences."""
    for number, page in enumerate(document.pages):
        edges = [(start, stop) for start, stop, line in _edges(page.text) if _masked(line) in running]
        first = max((stop for start, stop in edges if not page.text[:start].strip()), default=0)
        while any(start <= first < stop for start, stop in edges):
            first = next(stop for start, stop in edges if start <= first < stop)
        last = len(page.text)
        for start, stop in reversed(edges):
            if start >= first and not page.text[stop:last].strip():
                last = start
        body = page.text[first:last]
        for start, stop in paragraphs(body):
            for one in _divided(body, start, stop):
                yield Span(number, first + one.start, first + one.stop)


def _divided(text: str, start: int, stop: int) -> Iterator[Sentence]:
    """Yield characters [start, stop) without white space around them, divided where they are too long."""
    inner = text[start:stop]
    if not inner.strip():
        return
    if stop - start <= PARAGRAPH_CHARACTERS:
        begin = start + len(inner) - len(inner.lstrip())
        yield Sentence(begin, begin + len(inner.strip()))
        return
    spans = [Sentence(start + one.start, start + one.stop) for one in sentences(inner)]
    held = spans[0]
    for one in spans[1:]:
        if one.stop - held.start > PART_CHARACTERS:
            yield held
            held = one
        else:
            held = Sentence(held.start, one.stop)
    yield held


def _grouped(document: Document, pieces: Iterator[Span]) -> Iterator[tuple[Span, ...]]:
    """Yield paragraphs in groups. One that goes on from the page before stays with its beginning."""
    group: list[Span] = []
    for piece in pieces:
        size = sum(one.stop - one.start for one in group)
        if group and size + piece.stop - piece.start > PART_CHARACTERS and not _goes_on(document, group[-1], piece):
            yield tuple(group)
            group = []
        if group and group[-1].page == piece.page:
            group[-1] = Span(piece.page, group[-1].start, piece.stop)
        else:
            group.append(piece)
    if group:
        yield tuple(group)


def _goes_on(document: Document, before: Span, piece: Span) -> bool:
    """Return whether a paragraph is the rest of one that the page's end cut."""
    ended = document.pages[before.page].text[: before.stop].rstrip()[-1:]
    begins = document.pages[piece.page].text[piece.start]
    return before.page != piece.page and (begins.islower() or ended not in set('.!?:;”"'))


def _table_head(document: Document, span: Span) -> str:
    return table_head(document.pages[span.page].text, span.start, span.stop) or ""


class _Headings:
    """Which entry of the outline a place stands under."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._outline = document.outline

    def at(self, span: Span) -> str:
        """Return the titles above a place, outermost first. On a page with several, those that it has passed."""
        titles: dict[int, str] = {}
        before = self._document.pages[span.page].text[: span.start]
        for entry in self._outline:
            here = entry.page == span.page + 1
            if entry.page > span.page + 1 or (here and not self._passed(entry.title, before, span)):
                continue
            titles = {level: title for level, title in titles.items() if level < entry.level}
            titles[entry.level] = entry.title
        return " › ".join(titles[level] for level in sorted(titles))

    def _passed(self, title: str, before: str, span: Span) -> bool:
        """Return whether a title on the place's own page stands above it, or opens it."""
        opening = self._document.pages[span.page].text[span.start : span.start + len(title) + 1]
        return _plain(title) in _plain(before) or _plain(opening).startswith(_plain(title)[:20])


def _plain(text: str) -> str:
    return re.sub(r"\W+", "", text).casefold()
