"""A coarse scan of all chunks: which of them a question is scored on, and where in them its heads look."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from parallelcomp import ChunkScoring, HeadQueries, Question
from parallelcomp.retrieval.scan import standardised

from ..asking import Asking
from .passages import Passage, best_of
from .shared_words import shared_words

# What BM25 weighs beside the heads, both in standard deviations over the chunks (docs/log.md).
WORDS = 0.5
# So many chunks are scored at least,
LEAST = 4
# with all others that the scan puts less than so many standard deviations behind the best, and at most so many.
MARGIN, MOST = 1.0, 8
# Temperature of a chunk's weight among these, in standard deviations (docs/log.md).
TEMPERATURE = 0.5


@dataclass(frozen=True)
class Scanned:
    """The scan's score of every chunk, the higher the better, and the indices of those that are scored exactly.

    Scores are in standard deviations from the mean over the chunks, and can be compared within one question only.
    `words` is what the question's words say for every chunk, in nats. `queries` are those of the heads.
    """

    scores: tuple[float, ...]
    best: tuple[int, ...]
    words: tuple[float, ...]
    queries: HeadQueries


def scan(asking: Asking, question: Question) -> Scanned | None:
    """Scan every chunk; None if every chunk is scored, by the settings or since there is nothing to scan with.

    Raises Cancelled.
    """
    keys = asking.corpus.scan
    if asking.settings.scoring is not ChunkScoring.SCAN or asking.heads is None or not keys:
        return None
    queries = asking.engine.head_queries(keys, question, asking.heads, asking.cancelled)
    looked = asking.engine.scan(keys, queries, asking.cancelled)
    words = shared_words(asking.found_by, asking.corpus.words)
    both = torch.tensor([looked, words], dtype=torch.float64).t()
    scores = standardised(both) @ torch.tensor([1.0, WORDS], dtype=torch.float64)
    found = tuple(standardised(scores).tolist())
    return Scanned(found, most_promising(found), tuple(words), queries)


def seen_passages(asking: Asking, scanned: Scanned) -> list[Passage]:
    """Return the best passages of the scan's best chunks, the best first, by what its heads look at in them.

    No chunk is visited for it, and none of them read again.
    """
    corpus = asking.corpus
    keys = corpus.scan
    assert keys is not None  # they were scanned
    paid = asking.engine.head_attention([keys[index] for index in scanned.best], scanned.queries)
    attention = np.zeros(corpus.tokens, dtype=np.float32)
    chunks = [corpus.chunks[index].chunk for index in scanned.best]
    for chunk, some in zip(chunks, paid, strict=True):
        attention[chunk.start : chunk.stop] = some.numpy()
    scores = torch.tensor([scanned.scores[index] for index in scanned.best])
    weights = (scores / TEMPERATURE).softmax(dim=0).tolist()
    weighted = list(zip(chunks, weights, strict=True))
    return best_of(corpus, asking.found_by, weighted, attention, asking.settings.citations)


def most_promising(scores: Sequence[float]) -> tuple[int, ...]:
    """Return the indices of the chunks to score, in document order: more of them where the scan is less sure."""
    order = sorted(range(len(scores)), key=lambda index: -scores[index])
    close = sum(scores[index] > scores[order[0]] - MARGIN for index in order)
    return tuple(sorted(order[: min(max(LEAST, close), MOST)]))
