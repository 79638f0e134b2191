"""Which chunks a question is scored on: those that a coarse scan of all of them puts first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from parallelcomp import ChunkScoring, Question
from parallelcomp.retrieval.scan import standardised

from .asking import Asking
from .shared_words import shared_words

# What BM25 weighs beside the heads, both in standard deviations over the chunks (docs/log.md).
WORDS = 0.5
# So many chunks are scored at least,
LEAST = 8
# with all others that the scan puts less than so many standard deviations behind the best, and at most so many.
MARGIN, MOST = 1.5, 24


@dataclass(frozen=True)
class Scanned:
    """The scan's score of every chunk, the higher the better, and the indices of those that are scored exactly.

    Scores are in standard deviations from the mean over the chunks, and can be compared within one question only.
    """

    scores: tuple[float, ...]
    best: tuple[int, ...]


def scan(asking: Asking, question: Question) -> Scanned | None:
    """Scan every chunk; None if every chunk is scored, by the settings or since there is nothing to scan with.

    Raises Cancelled.
    """
    keys = asking.corpus.scan
    if asking.settings.scoring is not ChunkScoring.SCAN or asking.heads is None or not keys:
        return None
    looked = asking.engine.scan(keys, question, asking.heads, asking.cancelled)
    words = shared_words(asking.found_by, asking.corpus.words)
    both = torch.tensor([looked, words], dtype=torch.float64).t()
    scores = standardised(both) @ torch.tensor([1.0, WORDS], dtype=torch.float64)
    found = tuple(standardised(scores).tolist())
    return Scanned(found, most_promising(found))


def most_promising(scores: Sequence[float]) -> tuple[int, ...]:
    """Return the indices of the chunks to score, in document order: more of them where the scan is less sure."""
    order = sorted(range(len(scores)), key=lambda index: -scores[index])
    close = sum(scores[index] > scores[order[0]] - MARGIN for index in order)
    return tuple(sorted(order[: min(max(LEAST, close), MOST)]))
