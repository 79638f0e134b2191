"""A question to every part: who is asked, about what, and the loop over the parts that tasks share."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TypeVar

from ..answer import (
    Answer,
    AskingParts,
    Citation,
    Cited,
    Done,
    Everywhere,
    Item,
    PageSpan,
    SentenceSources,
    Timings,
    Token,
    Usage,
)
from ..documents.bm25 import bm25
from ..documents.document import Document
from ..storage.figures import MeasuredFigures
from ..storage.notes import Notes
from ..writers.parts import PartsReader, parts_at_once, read_parts
from ..writers.writer import Cancel, Writer
from .found.items import FoundItem
from .kinds import Kind
from .pace import Pace
from .parts import Part, parts_of
from .related import related_stems
from .stems import counted, stems
from .stored import StoredChunks

# What every part comes after. The question stands behind the part, where a small model does not lose it.
BEFORE = (
    "Answer the question using only the passage: the names or items alone, one per line. "
    "If the passage does not answer it, answer exactly: Not stated.\n\n"
)
# What a word that the writer adds weighs beside one of the question's (docs/log.md, trial 36).
RELATED_WEIGHT = 0.4
NO_USAGE = Usage(0, 0, 0, 0, 0)
T = TypeVar("T")
# What a task yields.
Events = Generator[AskingParts | Cited | Token | Done, None, None]


@dataclass(frozen=True)
class PartsAsking:
    """A question to every part of some documents, and who is asked.

    `asked` is what the person wrote, if `question` stands in for it. `notes` keeps what a summary is made from;
    None keeps nothing. `figures` knows how long this writer took for a part in such a question on this machine, so
    that a next one can say before it starts how long it will take. `usage` counts the documents' tokens. `stored`
    are the documents' chunks if the writer has read them itself: then these are asked, and all of them.
    """

    documents: tuple[Document, ...]
    question: str
    writer: Writer
    cancelled: Cancel | None = None
    asked: str | None = None
    notes: Notes | None = None
    figures: MeasuredFigures | None = None
    usage: Usage = NO_USAGE
    stored: StoredChunks | None = None

    @cached_property
    def parts(self) -> list[Part]:
        """The parts of all documents, in order, without lists of contents."""
        parts = (part for document in self.documents for part in parts_of(document))
        return [part for part in parts if not part.is_contents]

    @property
    def to_ask(self) -> list[Part]:
        """What a list or a check may ask, in the documents' order: their parts, or their stored chunks."""
        return self.parts if self.stored is None else self.stored.parts

    @property
    def at_once(self) -> int:
        """How many of them are asked together."""
        return parts_at_once(self.writer) if self.stored is None else self.stored.at_once

    def read(self, group: Sequence[Part]) -> PartsReader:
        """Have the writer read some of what is to be asked, if it has not. Raises what the writer raises."""
        if self.stored is not None:
            return self.stored.read(group)
        return read_parts(self.writer, BEFORE, [part.shown for part in group], self.cancelled)

    def pace(self, kind: Kind) -> Pace:
        """Return how long a part takes in this kind of question."""
        unit = "part" if self.stored is None else "stored chunk"
        return Pace(f"{kind.value}, a {unit} by {self.writer.name}", self.figures)

    def promising(self, question: str) -> list[Part]:
        """Return what is to be asked, those first that are most likely to answer a question.

        They are rated by the question's words and, unless all are asked anyway, by those that the writer adds.
        Raises what the writer raises.
        """
        words = [counted(part.shown) for part in self.to_ask]
        ratings = bm25(stems(question), words)
        if self.stored is None:
            other = bm25(related_stems(self.writer, question, self.cancelled), words)
            ratings = [one + RELATED_WEIGHT * more for one, more in zip(ratings, other, strict=True)]
        order = sorted(range(len(words)), key=lambda index: -ratings[index])
        return [self.to_ask[index] for index in order]


@dataclass
class Progress:
    """How far the loop over `total` parts or sections has come, and what one of them has taken, in seconds.

    `answered` has the places of those that are done. Before the first is done, one takes what they took the last
    time, None if there was none.
    """

    pace: Pace
    total: int
    answered: list[PageSpan] = field(default_factory=list)
    _started: float | None = None

    @property
    def done(self) -> int:
        """How many have answered."""
        return len(self.answered)

    def event(self, items: Sequence[Item] = ()) -> AskingParts:
        """Return what is told about it. The first group begins with the first event."""
        now = time.perf_counter()
        self._started = now if self._started is None else self._started
        each = (now - self._started) / self.done if self.done else self.pace.seconds_each
        left = None if each is None else each * (self.total - self.done)
        return AskingParts(self.done, self.total, tuple(items), left, tuple(self.answered))

    def end(self) -> int:
        """Keep how long one took for the next time, and return how many were done."""
        if self.done and self._started is not None:
            self.pace.keep((time.perf_counter() - self._started) / self.done)
        return self.done


# Whether a part can hold what is asked for at all.
MayHold = Callable[[Part], bool]
# Asks the parts of a group that the writer has read, and returns whether one of them brought something.
Step = Callable[[PartsReader, Sequence[Part]], bool]


@dataclass(frozen=True)
class Bounds:
    """The `most` parts that are asked, best first, and no more once `patience` in a row brought nothing.

    Stored chunks are all asked, since nothing of them has to be read.
    """

    kind: Kind
    most: int
    patience: int

    def parts(self, asking: PartsAsking, may_hold: MayHold) -> int:
        """Return how many parts are asked at most."""
        held = sum(map(may_hold, asking.to_ask))
        return held if asking.stored is not None else min(self.most, held)


def any_part(part: Part) -> bool:
    """Return that every part may hold what is asked for."""
    return True


def ask_each(
    asking: PartsAsking,
    question: str,
    bounds: Bounds,
    step: Step,
    shown: Callable[[], Sequence[Item]],
    may_hold: MayHold = any_part,
) -> Generator[AskingParts, None, int]:
    """Ask the most promising parts within some bounds, and none that cannot hold what is asked for.

    Yields AskingParts with the items that are `shown`, and returns how many parts were asked. Others may have the
    model between two events. Raises what the writer raises.
    """
    most = bounds.parts(asking, may_hold)
    progress = Progress(asking.pace(bounds.kind), most)
    yield progress.event()
    barren = 0
    promising = [part for part in asking.promising(question) if may_hold(part)]
    for group in groups(promising[:most], asking.at_once):
        reader = asking.read(group)
        yield progress.event(shown())
        barren = 0 if step(reader, group) else barren + len(group)
        progress.answered += [part.page_span for part in group]
        yield progress.event(shown())
        if asking.stored is None and barren >= bounds.patience:
            break
    return progress.end()


def groups(some: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """Yield parts or sections in the groups of this size that are asked together."""
    for first in range(0, len(some), size):
        yield some[first : first + size]


def item_of(found: FoundItem, verified: bool) -> Item:
    """Return a found item as it is shown."""
    document = found.part.document
    page = document.pages[found.place.page]
    return Item(found.text, document.id, document.name, found.place.page + 1, page.label, found.quote, verified)


def citations_of(items: Sequence[Item]) -> tuple[Citation, ...]:
    """Return one citation for each quote of the items, in their order."""
    cited = [
        Citation(one.document_id, one.document, one.page, one.page_label, one.quote, 1.0)
        for one in items
        if one.quote
    ]
    return tuple(dict.fromkeys(cited))


def tell(
    asking: PartsAsking, started: float, everywhere: Everywhere, body: str, citations: Sequence[Citation] = ()
) -> Generator[Cited | Token | Done, None, None]:
    """Yield the citations and the text of an answer that is known, and Done.

    The text is what `everywhere` says first and the `body` behind it. The citations are those of the items unless
    others are given. `started` is a time of `time.perf_counter`.
    """
    citations = citations or citations_of(everywhere.items)
    first_s = time.perf_counter() - started
    if citations:
        yield Cited(tuple(citations))
    text = "\n\n".join(filter(None, (everywhere.lead, body)))
    yield Token(text)
    timings = Timings(first_s, first_s, time.perf_counter() - started, first_s if citations else None)
    answer = Answer(
        asking.asked or asking.question,
        text,
        bool(everywhere.items or everywhere.sections),
        (),
        tuple(citations),
        (),
        asking.usage,
        timings,
        standalone=asking.question if asking.asked else None,
        sources=_line_sources(text, everywhere.items, citations),
        everywhere=replace(everywhere, documents=tuple(document.id for document in asking.documents)),
    )
    yield Done(answer)


def _line_sources(text: str, items: Sequence[Item], citations: Sequence[Citation]) -> tuple[SentenceSources, ...]:
    """Return which citation carries each line of a list: the first line has the first item."""
    places = {(one.document_id, one.page, one.quote): number for number, one in enumerate(citations, 1)}
    left = iter(items)
    found: list[SentenceSources] = []
    position = 0
    for line in text.splitlines(keepends=True):
        if line.startswith(LINE) and (item := next(left, None)) is not None:
            number = places.get((item.document_id, item.page, item.quote))
            stop = position + len(line.rstrip())
            found.append(SentenceSources(position + len(LINE), stop, () if number is None else (number,)))
        position += len(line)
    return tuple(found)


# How a line of a list begins.
LINE = "- "


def lines(texts: Sequence[str]) -> str:
    """Return texts as the lines of a list."""
    return "\n".join(f"{LINE}{text}" for text in texts)
