"""Where an item stands in its part, and the sentences of the page that say so."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ...documents.sentences import Sentence, sentences
from ..parts import Part, Span
from ..stems import stems

# A quote has at most so many characters, unless a single sentence is longer. A shorter one than the other number
# goes on with the sentences behind it: a name alone says nothing.
CHARACTERS, LEAST = 500, 160
# What may stand in front of an item without belonging to it.
LEADING = re.compile(r"^(?:(?:the|a|an)\s+)", re.I)


@dataclass(frozen=True)
class Place:
    """Characters [start, stop) of page `page` (0-based): a quote, in which the item stands."""

    page: int
    start: int
    stop: int


def place_of(part: Part, item: str, question: str) -> Place | None:
    """Return the quote that says the item and as many of the question's words as one can; None if the part does not
    say it, word for word but for case and white space."""
    found = list(_occurrences(part, item))
    if not found:
        return None
    wanted = stems(question) - stems(item)
    quotes = (_quote(part, span, start, stop, wanted) for span, start, stop in found)
    return max(quotes, key=lambda quote: quote[0])[1]


def best_sentences(part: Part, question: str) -> Place:
    """Return the sentences of a part that say most of the question's words, as few as say them."""
    wanted = stems(question)
    best: tuple[int, int, Place] | None = None
    for span in part.spans:
        text = part.document.pages[span.page].text[span.start : span.stop]
        spans = sentences(text)
        for first in range(len(spans)):
            for last in range(first, len(spans)):
                length = spans[last].stop - spans[first].start
                if length > CHARACTERS and last > first:
                    break
                rank = _shared(text, spans[first : last + 1], wanted), -length
                if best is None or rank > best[:2]:
                    start, stop = (
                        span.start + spans[first].start,
                        span.start + spans[_last(spans, first, last)].stop,
                    )
                    best = (*rank, Place(span.page, start, stop))
    assert best is not None  # a part has text
    return best[2]


def _occurrences(part: Part, item: str) -> Iterator[tuple[Span, int, int]]:
    """Yield the spans of the part that say the item, each with the characters of its page that do."""
    words = LEADING.sub("", item.strip()).split()
    if not words:
        return
    pattern = re.compile(r"(?<!\w)" + r"\s+".join(map(re.escape, words)) + r"(?!\w)", re.I)
    for span in part.spans:
        text = part.document.pages[span.page].text
        for match in pattern.finditer(text, span.start, span.stop):
            yield span, match.start(), match.end()


def _quote(part: Part, span: Span, start: int, stop: int, wanted: frozenset[str]) -> tuple[int, Place]:
    """Return the sentences from the item to the one with the most of the wanted words, and how many those are."""
    text = part.document.pages[span.page].text[span.start : span.stop]
    start, stop = start - span.start, stop - span.start
    spans = sentences(text)
    own = [index for index, one in enumerate(spans) if one.start < stop and start < one.stop]
    best, words = (own[0], own[-1]), _shared(text, spans[own[0] : own[-1] + 1], wanted)
    for index in range(len(spans)):
        reach = min(own[0], index), max(own[-1], index)
        if spans[reach[1]].stop - spans[reach[0]].start > CHARACTERS:
            continue
        shared = _shared(text, spans[reach[0] : reach[1] + 1], wanted)
        if shared > words or (shared == words and reach[1] - reach[0] < best[1] - best[0]):
            best, words = reach, shared
    return words, Place(span.page, span.start + spans[best[0]].start, span.start + spans[_last(spans, *best)].stop)


def _last(spans: list[Sentence], first: int, last: int) -> int:
    """Return the last sentence of a quote that would else be too short to say something."""
    while last + 1 < len(spans) and spans[last].stop - spans[first].start < LEAST:
        if spans[last + 1].stop - spans[first].start > CHARACTERS:
            break
        last += 1
    return last


def _shared(text: str, some: list[Sentence], wanted: frozenset[str]) -> int:
    return len(wanted & stems(text[some[0].start : some[-1].stop]))
