"""The parts of a document: short enough to be understood by themselves, and together all of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..documents.bodies import Body, goes_on
from ..documents.document import Document
from ..documents.sentences import Sentence, paragraphs, sentences
from ..documents.tables import is_row, table_head

# A part ends with the paragraph in which it gets so many characters. In longer ones a small model overlooks more.
PART_CHARACTERS = 450
# A paragraph that is longer than this is divided between sentences.
PARAGRAPH_CHARACTERS = 1500
# What stands in front of a title: "2.3.1", "A.4", "Chapter 7:", "IV."
NUMBER = re.compile(
    r"^(?:(?:chapter|part|section|appendix|article|annex)\s+)?(?:[A-Z]?\d{1,3}(?:\.\d{1,3})*|[A-Z](?:\.\d{1,3})+|[A-Z]|[IVX]+)"
    r"[.:)]?\s+(?=\S)",
    re.I,
)
# What leads from a title to its page in a list of contents.
DOTS = re.compile(r"(?:\. ?){4,}")
SHORT = 3


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
    `pieces` are the parts that a longer one was put together from, none if it was not.
    """

    document: Document
    index: int
    spans: tuple[Span, ...]
    heading: str = ""
    table_head: str = ""
    pieces: tuple[Part, ...] = ()

    @classmethod
    def joined(cls, pieces: Sequence[Part], index: int) -> Part:
        """Return parts of one document, at least one, as a part with this index."""
        spans = tuple(span for piece in pieces for span in piece.spans)
        return cls(pieces[0].document, index, spans, pieces[0].heading, pieces[0].table_head, tuple(pieces))

    def piece_at(self, page: int, start: int) -> Part:
        """Return the piece that holds a place of the part; the part itself if it has no pieces."""

        def holds(piece: Part) -> bool:
            return any(one.page == page and one.start <= start < one.stop for one in piece.spans)

        return next(filter(holds, self.pieces), self)

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
        """Whether it is a list of contents or an index: most of its lines are filled with dots up to a page number.

        Lines with a letter or a number alone do not count.
        """
        lines = [line for line in self.text.splitlines() if len(line.strip()) > SHORT]
        return 2 * sum(bool(DOTS.search(line)) for line in lines) > len(lines)

    @property
    def shown(self) -> str:
        """The part as a model sees it: where it stands, and what it says."""
        above = "\n".join(filter(None, (self.heading and f"[{self.heading}]", self.table_head)))
        return f"{above}\n{self.text}" if above else self.text


def parts_of(document: Document) -> list[Part]:
    """Return the parts of a document in order. All text is in one of them but running heads and page numbers.

    Footnotes are parts of their own. Where they cut a sentence that goes on on the next page, they come after it.
    """
    found = document.bodies
    grouped = list(_grouped(document, _pieces(document, found), found))
    headings = _Headings(document)
    return [
        Part(document, index, spans, headings.at(spans[0]), _table_head(document, spans[0]))
        for index, spans in enumerate(grouped)
    ]


def _pieces(document: Document, found: Sequence[Body]) -> Iterator[Span]:
    """Yield the paragraphs without running heads, long ones divided between sentences.

    A page's footnotes come after its text, and after what is the rest of it on the next page.
    """
    held: list[Span] = []
    for number, (page, body) in enumerate(zip(document.pages, found, strict=True)):
        pieces = _between(page.text, number, body.start, body.stop)
        before = found[number - 1] if number else None
        if held and before and goes_on(document.pages[number - 1].text, before, page.text, body):
            yield next(pieces)
        yield from held
        yield from pieces
        held = list(_between(page.text, number, body.notes, len(page.text)))
    yield from held


def _between(text: str, page: int, first: int, last: int) -> Iterator[Span]:
    """Yield the paragraphs of characters [first, last) of a page."""
    inner = text[first:last]
    for start, stop in paragraphs(inner):
        for one in _divided(inner, start, stop):
            yield Span(page, first + one.start, first + one.stop)


def _divided(text: str, start: int, stop: int) -> Iterator[Sentence]:
    """Yield characters [start, stop) without white space around them, divided where they are too long."""
    inner = text[start:stop]
    table = _is_table(inner)
    if stop - start <= (PART_CHARACTERS if table else PARAGRAPH_CHARACTERS):
        yield from _stripped(text, start, stop)
        return
    spans = [] if table else [(start + one.start, start + one.stop) for one in sentences(inner)]
    if table or any(last - first > PARAGRAPH_CHARACTERS for first, last in spans):
        spans = list(_lines(text, start, stop))
    held, end = spans[0]
    for first, last in spans[1:]:
        if last - held > PART_CHARACTERS:
            yield from _stripped(text, held, end)
            held = first
        end = last
    yield from _stripped(text, held, end)


def _is_table(text: str) -> bool:
    lines = text.splitlines()
    return 2 * sum(map(is_row, lines)) > len(lines)


def _lines(text: str, start: int, stop: int) -> Iterator[tuple[int, int]]:
    for line in text[start:stop].splitlines(keepends=True):
        yield start, start + len(line)
        start += len(line)


def _stripped(text: str, start: int, stop: int) -> Iterator[Sentence]:
    """Yield the characters between without white space around them, if any are left."""
    inner = text[start:stop]
    if inner.strip():
        begin = start + len(inner) - len(inner.lstrip())
        yield Sentence(begin, begin + len(inner.strip()))


def _grouped(document: Document, pieces: Iterator[Span], found: Sequence[Body]) -> Iterator[tuple[Span, ...]]:
    """Yield paragraphs in groups.

    One that goes on from the page before stays with its beginning, and a title of the outline begins a new group.
    """
    titles = _Headings(document)
    group: list[Span] = []
    for piece in pieces:
        size = sum(one.stop - one.start for one in group) + piece.stop - piece.start
        ends = bool(group) and (size > PART_CHARACTERS or titles.at(piece) != titles.at(group[0]))
        apart = bool(group) and _is_note(group[-1], found) != _is_note(piece, found)
        if apart or (ends and not _goes_on(document, group[-1], piece)):
            yield tuple(group)
            group = []
        if group and group[-1].page == piece.page:
            group[-1] = Span(piece.page, group[-1].start, piece.stop)
        else:
            group.append(piece)
    if group:
        yield tuple(group)


def _is_note(span: Span, found: Sequence[Body]) -> bool:
    return span.start >= found[span.page].notes


def _goes_on(document: Document, before: Span, piece: Span) -> bool:
    """Return whether a paragraph is the rest of one that the page's end cut."""
    ended = document.pages[before.page].text[: before.stop].rstrip()[-1:]
    begins = document.pages[piece.page].text[piece.start]
    return before.page != piece.page and (begins.islower() or ended not in set('.!?:;”"'))


def _table_head(document: Document, span: Span) -> str:
    return table_head(document.pages[span.page].text, span.start, span.stop) or ""


class _Headings:
    """Where the titles of the outline stand: each at the line that says it, else at the top of its page."""

    def __init__(self, document: Document) -> None:
        self._titles = [
            (entry.page - 1, _line_of(entry.title, document.pages[entry.page - 1].text), entry)
            for entry in document.outline
            if 0 < entry.page <= len(document.pages)
        ]

    def at(self, span: Span) -> str:
        """Return the titles that a place stands under, outermost first."""
        titles: dict[int, str] = {}
        for page, start, entry in self._titles:
            if (page, start) <= (span.page, span.start):
                titles = {level: title for level, title in titles.items() if level < entry.level}
                titles[entry.level] = entry.title
        return " › ".join(titles[level] for level in sorted(titles))


def _line_of(title: str, text: str) -> int:
    """Return where the line begins that begins with a title, with or without its number; 0 if there is none."""
    wanted, position = _plain(NUMBER.sub("", title)), 0
    for line in text.splitlines(keepends=True):
        begun = text[position : position + 2 * len(title) + 30].lstrip()  # titles may be broken over lines
        if wanted and _plain(line) and _plain(NUMBER.sub("", begun)).startswith(wanted):
            return position + len(line) - len(line.lstrip())
        position += len(line)
    return 0


def _plain(text: str) -> str:
    return re.sub(r"\W+", "", text).casefold()
