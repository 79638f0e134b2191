"""The question's words in the document's chunks: BM25 over the chunks, as evidence beside likelihood.

A small model hardly notices a rare name that the question repeats. Nothing is retrieved by words alone: the model
reads and scores every chunk, and BM25 only adds to that score.
"""

from __future__ import annotations

from collections.abc import Sequence

from ...documents.bm25 import bm25
from ...documents.words import WordCounts, words_of

# Nats of the question's likelihood that one unit of BM25 is worth. On short-fact questions about Wikipedia pages in
# chunks of 1,024 tokens the mean reciprocal rank of the answer's chunk is 0.65 with 0, 0.69 with 1, 2 and 3, and
# 0.63 by words alone (docs/log.md).
WEIGHT = 2.0


def shared_words(question: str, chunks: Sequence[WordCounts]) -> list[float]:
    """Return what the question's words say for each chunk, in nats over the whole question: BM25 times `WEIGHT`."""
    return [WEIGHT * one for one in bm25(set(words_of(question)), chunks)]
