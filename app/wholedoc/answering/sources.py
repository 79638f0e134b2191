"""Which citations carry which sentence of an answer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ..answer import Citation, SentenceSources
from ..documents.sentences import sentences
from .unsupported import WORD, claims, parts, plain

# Citations carry a sentence that they hold this share of, and all of its numbers. Of 39 right answers of a writer
# to the sample documents and Wikipedia pages, 37 or 38 have a number with every share from 0.4 to 1.
SHARE = 0.6
# A word counts if it has this many letters, is a name or has a digit.
LETTERS = 3
# Words that differ in these endings alone are the same one, so that "pumped" is found in "pumping".
ENDING = re.compile(r"(?<=\w{3})(?:ing|ed|es|s|e)$")
FUNCTION_WORDS = frozenset(
    re.findall(
        r"\w+",
        """about after all also and any are because been before being between both but can could did does each for
        from had has have her here his how into its itself just may more most nor not now off one only other our out
        over own same she should some such than that the their them then there these they this those through too
        under until very was were what when where which while who why will with would yes yet you your""",
    )
)


@dataclass(frozen=True)
class _Content:
    """What a sentence says: its numbers, and the stems of its other words."""

    numbers: frozenset[str]
    words: frozenset[str]

    @property
    def all(self) -> frozenset[str]:
        return self.numbers | self.words


def sentence_sources(answer: str, citations: Sequence[Citation]) -> tuple[SentenceSources, ...]:
    """Return every sentence of an answer's text with the numbers of the citations that carry it, counted from 1.

    A citation carries a sentence if its quote holds all numbers of the sentence and most of its other words. Where
    no citation does so alone, those of which each brings a number of its own may do so together. A sentence that
    says nothing that could be found has no number. Every line of the text begins a sentence, as Markdown has it.
    """
    held = [_held(one.quote) for one in citations]
    found: list[SentenceSources] = []
    at = 0
    for line in answer.splitlines(keepends=True):
        for one in sentences(line):
            said = _content(answer, at + one.start, at + one.stop)
            found.append(SentenceSources(at + one.start, at + one.stop, _carrying(said, held)))
        at += len(line)
    return tuple(found)


def _carrying(said: _Content, held: Sequence[frozenset[str]]) -> tuple[int, ...]:
    if not said.all:
        return ()
    alone = tuple(number for number, words in enumerate(held, start=1) if _carries(said, words))
    return alone or _together(said, held)


def _carries(said: _Content, words: frozenset[str]) -> bool:
    return said.numbers <= words and len(said.all & words) >= SHARE * len(said.all)


def _together(said: _Content, held: Sequence[frozenset[str]]) -> tuple[int, ...]:
    """Return the numbers of citations that carry a sentence together, each by numbers that no better one has."""
    chosen: list[int] = []
    union: frozenset[str] = frozenset()
    for number, words in enumerate(held, start=1):
        if (said.numbers & words) - union:
            chosen.append(number)
            union |= words
    return tuple(chosen) if _carries(said, union) else ()


def _content(answer: str, start: int, stop: int) -> _Content:
    numbers: set[str] = set()
    words: set[str] = set()
    for match in WORD.finditer(answer, start, stop):
        checkable = claims(answer, match)
        for word in parts(match[0]):
            part = plain(word)
            if _is_number(word):
                numbers |= {part} if checkable else set()
            elif checkable or (len(word) >= LETTERS and part not in FUNCTION_WORDS):
                words.add(ENDING.sub("", part))
    return _Content(frozenset(numbers), frozenset(words))


def _held(quote: str) -> frozenset[str]:
    """Return all numbers and stems of a quote."""
    return frozenset(part if _is_number(part) else ENDING.sub("", part) for part in map(plain, parts(quote)))


def _is_number(part: str) -> bool:
    return any(sign.isdigit() for sign in part)
