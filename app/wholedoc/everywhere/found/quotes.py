"""Where an item stands in its part, and the sentences of the page that say so."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from ...documents.sentences import sentences
from ..headings import plain
from ..parts import Part, Span
from ..stems import stems

# A quote has at most so many characters, unless a single sentence is longer. A shorter one than the other number
# goes on with the sentences behind it: a name alone says nothing.
CHARACTERS, LEAST = 500, 160
# What may stand in front of an item without belonging to it.
LEADING = re.compile(r"^(?:(?:the|a|an)\s+)", re.I)
# What a question asks for, which a name need not be called where it stands: "which vessels ...".
ASKED_FOR = re.compile(r"\b(?:which|what|how many)\s+(\w+)\b(?!['’])", re.I)
# What an entry begins a line with: "Incident 253." Nothing before it speaks of the entry.
ENTRY = re.compile(r"[A-Z]\w+ \d+[.:]\s")


@dataclass(frozen=True)
class Place:
    """Characters [start, stop) of page `page` (0-based): a quote, in which the item stands.

    `in_title` says that the item stands there only in a title, which says more than the item.
    """

    page: int
    start: int
    stop: int
    in_title: bool = False


def wanted_words(question: str, item: str) -> frozenset[str]:
    """Return the stems of a question that a quote should say of an item.

    An item's own words say nothing of it. Nor does, of a name, what the question asks for: "The vessel took coal"
    says no more of vessels that "took the ground" than "She took coal", and would say half of the words.
    """
    wanted = stems(question) - stems(item)
    asked_for = ASKED_FOR.search(question)
    if asked_for is None or not LEADING.sub("", item.strip())[:1].isupper():
        return wanted
    return wanted - stems(asked_for[1]) or wanted


def place_of(part: Part, item: str, question: str) -> Place | None:
    """Return the quote that says the item and as many of the question's words as one can; None if the part does not
    say it, word for word but for case and white space. A title is quoted where the text does not say it."""
    found = list(_occurrences(part, item))
    if not found:
        return None
    wanted = wanted_words(question, item)
    quotes = (_quote(part, span, start, stop, wanted) for span, start, stop in found)
    return max(quotes, key=lambda quote: (not quote[1].in_title, quote[0]))[1]


def best_sentences(part: Part, question: str) -> Place:
    """Return the sentences of a part that say most of the question's words, as few as say them.

    They are no title alone, unless the part is.
    """
    wanted = stems(question)
    best: tuple[bool, int, int, Place] | None = None
    for span in part.spans:
        said = _Said(part, span)
        for first in range(len(said.spans)):
            for last in range(first, len(said.spans)):
                if not said.may_quote(first, last):
                    break
                has_text = not said.is_title(first, said.enough(first, last))
                rank = has_text, said.shared(first, last, wanted), -said.length(first, last)
                if best is None or rank > best[:3]:
                    best = (*rank, said.place(first, last))
    assert best is not None  # a part has text
    return best[3]


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
    said = _Said(part, span)
    own = said.holding(start, stop)
    best, words = own, said.shared(*own, wanted)
    for index in range(len(said.spans)):
        first, last = min(own[0], index), max(own[1], index)
        if not said.may_quote(first, last):
            continue
        shared = said.shared(first, last, wanted)
        if shared > words or (shared == words and last - first < best[1] - best[0]):
            best, words = (first, last), shared
    item = part.document.pages[span.page].text[start:stop]
    in_title = said.is_title(*own) and plain(said.text(*own)) != plain(item)
    return words, replace(said.place(*best), in_title=in_title)


class _Said:
    """What a part says on one page, as sentences; they are named by the first and the last of several."""

    def __init__(self, part: Part, span: Span) -> None:
        self._part, self._span = part, span
        self._text = part.document.pages[span.page].text[span.start : span.stop]
        self.spans = sentences(self._text)

    def text(self, first: int, last: int) -> str:
        return self._text[self.spans[first].start : self.spans[last].stop]

    def length(self, first: int, last: int) -> int:
        return self.spans[last].stop - self.spans[first].start

    def shared(self, first: int, last: int, wanted: frozenset[str]) -> int:
        """Return how many of the wanted words they say."""
        return len(wanted & stems(self.text(first, last)))

    def holding(self, start: int, stop: int) -> tuple[int, int]:
        """Return the sentences that hold characters [start, stop) of the page."""
        start, stop = start - self._span.start, stop - self._span.start
        own = [index for index, one in enumerate(self.spans) if one.start < stop and start < one.stop]
        return own[0], own[-1]

    def is_title(self, first: int, last: int) -> bool:
        """Return whether they are titles and nothing else."""
        start, stop = (self._span.start + one for one in (self.spans[first].start, self.spans[last].stop))
        return self._part.is_in_title(self._span.page, start, stop)

    def may_quote(self, first: int, last: int) -> bool:
        """Return whether they are one quote: a single sentence, or short enough and of one entry."""
        if first == last:
            return True
        return self.length(first, last) <= CHARACTERS and not any(map(self._is_entry, range(first + 1, last + 1)))

    def enough(self, first: int, last: int) -> int:
        """Return the last sentence of a quote that would else be too short, or title alone, to say something."""
        while last + 1 < len(self.spans) and self.length(first, last) < LEAST:
            if not self.may_quote(first, last + 1) and not self.is_title(first, last):
                break
            last += 1
        return last

    def place(self, first: int, last: int) -> Place:
        """Return where the quote stands that begins with them."""
        start, stop = self.spans[first].start, self.spans[self.enough(first, last)].stop
        return Place(self._span.page, self._span.start + start, self._span.start + stop)

    def _is_entry(self, index: int) -> bool:
        start = self.spans[index].start
        line = self._text.rfind("\n", 0, start) + 1
        return not self._text[line:start].strip() and ENTRY.match(self._text, start) is not None
