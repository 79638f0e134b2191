"""The question's words in the document's chunks: BM25 over the chunks, as evidence beside likelihood.

A small model hardly notices a rare name that the question repeats. Nothing is retrieved by words alone: the model
reads and scores every chunk, and BM25 only adds to that score.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from ..documents.words import WORD, WordCounts

# BM25's usual constants: how soon repetitions of a word stop counting, and how much a long text counts against a
# chunk.
SATURATION, LENGTH = 1.5, 0.75
# Nats of the question's likelihood that one unit of BM25 is worth. On short-fact questions about Wikipedia pages in
# chunks of 1,024 tokens the mean reciprocal rank of the answer's chunk is 0.65 with 0, 0.69 with 1, 2 and 3, and
# 0.63 by words alone (docs/log.md).
WEIGHT = 2.0


def shared_words(question: str, chunks: Sequence[WordCounts]) -> list[float]:
    """Return what the question's words say for each chunk, in nats over the whole question: BM25 times `WEIGHT`."""
    asked = set(WORD.findall(question.casefold()))
    found = [[word for word in chunk.counts if word in asked] for chunk in chunks]
    mean = sum(chunk.characters for chunk in chunks) / max(len(chunks), 1) or 1.0
    holding = Counter(word for words in found for word in words)
    rarity = {word: math.log(1 + (len(chunks) - count + 0.5) / (count + 0.5)) for word, count in holding.items()}
    return [
        WEIGHT * sum(rarity[word] * _saturated(chunk.counts[word], chunk.characters / mean) for word in words)
        for words, chunk in zip(found, chunks, strict=True)
    ]


def _saturated(count: int, length: float) -> float:
    """Return BM25's weight of a word that occurs `count` times in a text of `length` mean lengths."""
    return count * (SATURATION + 1) / (count + SATURATION * (1 - LENGTH + LENGTH * length))
