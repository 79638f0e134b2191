"""The words of a piece of text, counted."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

WORD = re.compile(r"\w+")
# A number is a word as a whole, too: "0.30" names a row of a table, and its parts stand everywhere.
NUMBER = re.compile(r"\d+(?:[.,:/]\d+)+")


@dataclass(frozen=True)
class WordCounts:
    """The words of a text, without regard to case.

    `counts` says how often each word occurs; its keys stand in the order in which the text first uses them.
    `characters` is the length of the text.
    """

    counts: Counter[str]
    characters: int

    @classmethod
    def of(cls, text: str) -> WordCounts:
        return cls(Counter(words_of(text)), len(text))


def words_of(text: str) -> list[str]:
    """Return the words of a text, and its numbers with the separators in them, without regard to case."""
    plain = text.casefold()
    return [*WORD.findall(plain), *NUMBER.findall(plain)]
