"""BM25: how much some words say for each of several texts."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Sequence

from .words import WordCounts

# BM25's usual constants: how soon repetitions of a word stop counting, and how much a long text counts against it.
SATURATION, LENGTH = 1.5, 0.75


def rarities(words: Collection[str], texts: Sequence[WordCounts]) -> dict[str, float]:
    """Return how rare each of some words is among texts; words that no text has are left out."""
    holding = Counter(word for text in texts for word in _shared(words, text))
    return {word: math.log(1 + (len(texts) - count + 0.5) / (count + 0.5)) for word, count in holding.items()}


def bm25(words: Collection[str], texts: Sequence[WordCounts]) -> list[float]:
    """Return BM25 of some words, each counted once, for each text."""
    rarity = rarities(words, texts)
    mean = sum(text.characters for text in texts) / max(len(texts), 1) or 1.0
    return [
        sum(rarity[word] * _saturated(text.counts[word], text.characters / mean) for word in _shared(words, text))
        for text in texts
    ]


def _shared(words: Collection[str], text: WordCounts) -> list[str]:
    """Return the text's words that are among some words, in the text's order, so that sums do not vary."""
    return [word for word in text.counts if word in words]


def _saturated(count: int, length: float) -> float:
    """Return BM25's weight of a word that occurs `count` times in a text of `length` mean lengths."""
    return count * (SATURATION + 1) / (count + SATURATION * (1 - LENGTH + LENGTH * length))
