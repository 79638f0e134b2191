"""The question's words in the document's chunks: BM25 over chunks that were read, as evidence beside likelihood.

A small model hardly notices a rare name that the question repeats. Nothing is looked up by words alone: every chunk
is read and scored by the model, and this only adds to its score.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence

WORD = re.compile(r"\w+")
# BM25's usual constants: how soon a repeated word counts no more, and how much long texts are held against theirs.
SATURATION, LENGTH = 1.5, 0.75
# Nats of the question's likelihood that one unit of BM25 is worth. On short-fact questions about Wikipedia pages in
# chunks of 1,024 tokens the mean reciprocal rank of the answer's chunk is 0.65 with 0, 0.69 with 1, 2 and 3, and
# 0.63 by words alone (docs/log.md).
WEIGHT = 2.0


def shared_words(question: str, chunks: Sequence[str]) -> list[float]:
    """What the question's words say for each chunk's text, in nats over the whole question."""
    asked = set(WORD.findall(question.casefold()))
    found = [Counter(word for word in WORD.findall(text.casefold()) if word in asked) for text in chunks]
    mean = sum(map(len, chunks)) / max(len(chunks), 1) or 1.0
    holding = Counter(word for counts in found for word in counts)
    rarity = {word: math.log(1 + (len(chunks) - count + 0.5) / (count + 0.5)) for word, count in holding.items()}
    return [
        WEIGHT * sum(rarity[word] * _often(count, len(text) / mean) for word, count in counts.items())
        for counts, text in zip(found, chunks, strict=True)
    ]


def _often(count: int, length: float) -> float:
    """BM25's weight of a word that stands `count` times in a text of this length, relative to the mean."""
    return count * (SATURATION + 1) / (count + SATURATION * (1 - LENGTH + LENGTH * length))
