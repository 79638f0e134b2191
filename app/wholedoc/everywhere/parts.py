"""The parts of a document: short enough to be understood by themselves, and together all of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ..answer import PageSpan
from ..documents.bodies import Body, goes_on
from ..documents.document import Document
from ..documents.sentences import Sentence, paragraphs, sentences
from ..documents.tables import is_row, table_head
from .headings import UNDER, Headings

# A part ends with the paragraph in which it gets so many characters. In longer ones a small model overlooks more.
PART_CHARACTERS = 450
# A paragraph that is longer than this is divided between sentences.
PARAGRAPH_CHARACTERS = 1500
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
    `titles` are the titles that it begins with. `pieces` are the parts that a longer one was put together from,
    none if it was not.
    """

    document: Document
    index: int
    spans: tuple[Span, ...]
    heading: str = ""
    table_head: str = ""
    titles: tuple[Span, ...] = ()
    pieces: tuple[Part, ...] = ()

    @classmethod
    def joined(cls, pieces: Sequence[Part], index: int) -> Part:
        """Return parts of one document, at least one, as a part with this index."""
        spans = tuple(span for piece in pieces for span in piece.spans)
        titles = tuple(title for piece in pieces for title in piece.titles)
        first = pieces[0]
        return cls(first.document, index, spans, first.heading, first.table_head, titles, tuple(pieces))

    def is_in_title(self, page: int, start: int, stop: int) -> bool:
        """Return whether characters [start, stop) of a page are within the titles that the part begins with."""
        return any(one.page == page and one.start <= start and stop <= one.stop for one in self.titles)

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
    def page_span(self) -> PageSpan:
        """Where it stands."""
        return PageSpan(self.document.id, *self.pages)

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
    return [
        Part(
            document,
            index,
            tuple(group.spans),
            group.heading,
            _table_head(document, group.spans[0]),
            tuple(group.titles),
        )
        for index, group in enumerate(_grouped(document, _pieces(document, found), found))
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


@dataclass
class _Group:
    """Paragraphs that become a part: where they stand, and the titles that they begin with."""

    heading: str = ""
    spans: list[Span] = field(default_factory=list)
    titles: list[Span] = field(default_factory=list)
    has_text: bool = False

    def add(self, piece: Span, heading: str, is_title: bool) -> None:
        if not self.has_text:
            self.heading = heading
        if is_title:
            _append(self.titles, piece)
        self.has_text |= not is_title
        _append(self.spans, piece)

    def holds(self, piece: Span) -> bool:
        """Return whether there is room for another paragraph."""
        return sum(one.stop - one.start for one in [*self.spans, piece]) <= PART_CHARACTERS


def _append(spans: list[Span], piece: Span) -> None:
    """Add a paragraph to spans, of which there is one for each page."""
    if spans and spans[-1].page == piece.page:
        spans[-1] = Span(piece.page, spans[-1].start, piece.stop)
    else:
        spans.append(piece)


def _grouped(document: Document, pieces: Iterator[Span], found: Sequence[Body]) -> Iterator[_Group]:
    """Yield paragraphs in groups.

    One that goes on from the page before stays with its beginning. A title of the outline begins a new group, and
    stays with what stands under it, since a title alone says nothing.
    """
    headings, group = Headings(document), _Group()
    for piece in pieces:
        heading = headings.at(piece.page, piece.start)
        is_title = headings.is_title(piece.page, piece.start, piece.stop)
        if group.spans and (
            _is_note(group.spans[-1], found) != _is_note(piece, found)
            or not _belongs(document, group, piece, heading, is_title)
        ):
            yield group
            group = _Group()
        group.add(piece, heading, is_title)
    if group.spans:
        yield group


def _belongs(document: Document, group: _Group, piece: Span, heading: str, is_title: bool) -> bool:
    """Return whether a paragraph under this heading goes into the group."""
    if not group.has_text:
        return heading == group.heading or heading.startswith(group.heading + UNDER)
    if is_title:
        return False
    fits = heading == group.heading and group.holds(piece)
    return fits or _goes_on(document, group.spans[-1], piece)


def _is_note(span: Span, found: Sequence[Body]) -> bool:
    return span.start >= found[span.page].notes


def _goes_on(document: Document, before: Span, piece: Span) -> bool:
    """Return whether a paragraph is the rest of one that the page's end cut."""
    ended = document.pages[before.page].text[: before.stop].rstrip()[-1:]
    begins = document.pages[piece.page].text[piece.start]
    return before.page != piece.page and (begins.islower() or ended not in set('.!?:;”"'))


def _table_head(document: Document, span: Span) -> str:
    return table_head(document.pages[span.page].text, span.start, span.stop) or ""
