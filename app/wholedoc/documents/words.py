"""The words of a piece of text, counted."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

WORD = re.compile(r"\w+")


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
        return cls(Counter(WORD.findall(text.casefold())), len(text))
