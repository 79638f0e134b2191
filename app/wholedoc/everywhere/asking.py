"""A question to every part: who is asked, about what, and the loop over the parts that all tasks share."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from ..answer import (
    Answer,
    AskingParts,
    Citation,
    Cited,
    Done,
    Everywhere,
    Item,
    SentenceSources,
    Timings,
    Token,
    Usage,
)
from ..documents.document import Document
from ..storage.notes import Notes
from ..writers.parts import AT_ONCE, PartsReader, read_parts
from ..writers.writer import Cancel, Writer
from .items import FoundItem
from .parts import Part, parts_of
from .rating import shared_stems, stems
from .related import related_stems

# What every part comes after. The question stands behind the part, where a small model does not lose it.
BEFORE = (
    "Answer the question using only the passage: the names or items alone, one per line. "
    "If the passage does not answer it, answer exactly: Not stated.\n\n"
)
# What a word that the writer adds weighs beside one of the question's (docs/log.md, trial 36).
RELATED_WEIGHT = 0.4
T = TypeVar("T")


@dataclass(frozen=True)
class PartsAsking:
    """A question to every part of some documents, and who is asked.

    `asked` is what the person wrote, if `question` stands in for it. `notes` keeps what a summary is made from;
    None keeps nothing.
    """

    documents: tuple[Document, ...]
    question: str
    writer: Writer
    cancelled: Cancel | None = None
    asked: str | None = None
    notes: Notes | None = None

    @property
    def parts(self) -> list[Part]:
        """The parts of all documents, in order."""
        return [part for document in self.documents for part in parts_of(document)]

    def promising(self, question: str) -> list[Part]:
        """Return the parts, those first that are most likely to answer a question; contents lists are left out.

        They are rated by the question's words and by those that the writer adds. Raises what the writer raises.
        """
        parts = [part for part in self.parts if not part.is_contents]
        texts = [part.shown for part in parts]
        own = shared_stems(stems(question), texts)
        other = shared_stems(related_stems(self.writer, question, self.cancelled), texts)
        ratings = [one + RELATED_WEIGHT * more for one, more in zip(own, other, strict=True)]
        order = sorted(range(len(parts)), key=lambda index: -ratings[index])
        return [parts[index] for index in order]


@dataclass
class Progress:
    """How far the loop over the parts has come."""

    total: int
    done: int = 0
    started: float = 0.0
    cut_short: int = 0

    def event(self, items: Sequence[Item] = ()) -> AskingParts:
        """Return what is told about it."""
        took = time.perf_counter() - self.started
        left = took / self.done * (self.total - self.done) if self.done else None
        return AskingParts(self.done, self.total, tuple(items), left)


def groups(parts: Sequence[T]) -> Iterator[list[T]]:
    """Yield the parts in the groups that are read together."""
    for first in range(0, len(parts), AT_ONCE):
        yield list(parts[first : first + AT_ONCE])


def read_group(asking: PartsAsking, group: Sequence[Part]) -> PartsReader:
    """Have the writer read some parts."""
    return read_parts(asking.writer, BEFORE, [part.shown for part in group], asking.cancelled)


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


def numbers_of(items: Sequence[Item], citations: Sequence[Citation]) -> list[tuple[int, ...]]:
    """Return for each item the number of its citation, counted from 1; none for an item without a quote."""
    places = {(one.document_id, one.page, one.quote): number for number, one in enumerate(citations, 1)}
    found = (places.get((one.document_id, one.page, one.quote)) for one in items)
    return [() if number is None else (number,) for number in found]


def line_sources(text: str, mark: str, numbers: Sequence[tuple[int, ...]]) -> tuple[SentenceSources, ...]:
    """Return which citations carry the lines that begin with a mark: the first line has the first numbers."""
    found: list[SentenceSources] = []
    position = 0
    for line in text.splitlines(keepends=True):
        if line.startswith(mark) and len(found) < len(numbers):
            stop = position + len(line.rstrip())
            found.append(SentenceSources(position + len(mark), stop, numbers[len(found)]))
        position += len(line)
    return tuple(found)


def tell(
    asking: PartsAsking,
    started: float,
    text: str,
    everywhere: Everywhere,
    citations: Sequence[Citation],
    sources: tuple[SentenceSources, ...] = (),
) -> Generator[Cited | Token | Done, None, None]:
    """Yield the citations and the text of an answer that is known, and Done.

    `started` is a time of `time.perf_counter`; `sources` say which citations carry which piece of the text.
    """
    first_s = time.perf_counter() - started
    if citations:
        yield Cited(tuple(citations))
    yield Token(text)
    found = bool(everywhere.items or everywhere.sections)
    usage = Usage(0, 0, 0, 0, 0)
    timings = Timings(first_s, first_s, time.perf_counter() - started, first_s if citations else None)
    answer = Answer(asking.asked or asking.question, text, found, (), tuple(citations), (), usage, timings)
    standalone = asking.question if asking.asked else None
    ids = tuple(document.id for document in asking.documents)
    everywhere = replace(everywhere, documents=ids)
    yield Done(replace(answer, everywhere=everywhere, standalone=standalone, sources=sources))
