"""The beginnings of words, by which parts are ordered and items are checked."""

from __future__ import annotations

import re
from collections import Counter

from ..documents.words import WORD, WordCounts

# Words that are compared by their first letters, so that endings do not matter, in whatever language.
STEM_LETTERS = 5
# Words that say how something is asked, not what. A part has them or not by chance.
ASKING = frozenset(
    re.findall(
        r"\w+",
        """which what who whom whose where when how why many much did does do is are was were be been being has have
        had the a an of in on at to for from by with and or not no than more less over under above below any every
        each all some list name count find give show tell it its their his her that this these those there
        anywhere document""",
    )
)


def stems(text: str) -> frozenset[str]:
    """Return the beginnings of a text's words, without those that only say how something is asked."""
    return frozenset(word[:STEM_LETTERS] for word in WORD.findall(text.casefold()) if word not in ASKING)


def counted(text: str) -> WordCounts:
    """Return the beginnings of a text's words, counted."""
    return WordCounts(Counter(word[:STEM_LETTERS] for word in WORD.findall(text.casefold())), len(text))
