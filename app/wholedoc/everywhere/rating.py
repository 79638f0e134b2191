"""In which order the parts are asked: those first that share the question's words."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence

from ..documents.words import WORD

# Words that are compared by their first letters, so that endings do not matter, in whatever language.
STEM_LETTERS = 5
# BM25's usual constants (see `answering.shared_words`).
SATURATION, LENGTH = 1.5, 0.75
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


def rarities(asked: frozenset[str], texts: Sequence[str]) -> dict[str, float]:
    """Return how rare each of some stems is among texts, by BM25; those that no text has are left out."""
    holding = Counter(word for text in texts for word in stems(text) & asked)
    return {word: math.log(1 + (len(texts) - many + 0.5) / (many + 0.5)) for word, many in holding.items()}


def shared_stems(asked: frozenset[str], texts: Sequence[str]) -> list[float]:
    """Return BM25 of these stems for each text."""
    rarity = rarities(asked, texts)
    counted = [Counter(word[:STEM_LETTERS] for word in WORD.findall(text.casefold())) for text in texts]
    lengths = [sum(count.values()) for count in counted]
    mean = sum(lengths) / max(len(lengths), 1) or 1.0
    return [
        sum(rarity[word] * _saturated(count[word], length / mean) for word in count.keys() & rarity.keys())
        for count, length in zip(counted, lengths, strict=True)
    ]


def _saturated(count: int, length: float) -> float:
    return count * (SATURATION + 1) / (count + SATURATION * (1 - LENGTH + LENGTH * length))
