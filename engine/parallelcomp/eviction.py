"""Which chunks stay: the best ones, as their scores arrive (step 4, section 3.1).

`policies` chooses their tokens.
"""

from __future__ import annotations

from .scoring import ChunkScore


class ChunkQueue:
    """Keeps the best chunks within a budget of kept tokens, whatever the order in which scores arrive.

    A chunk counts with its number of tokens, or with `capacity` if it is longer, as KV eviction will shorten it.
    What stays is the longest beginning of the ranking that fits; the best chunk always stays.
    """

    def __init__(self, kept_tokens: int, capacity: int | None = None) -> None:
        self._kept_tokens = kept_tokens
        self._capacity = capacity
        self._kept: list[tuple[float, int, int, ChunkScore]] = []
        self._best_evicted: tuple[float, int] | None = None

    def offer(self, score: ChunkScore, tokens: int) -> None:
        """Add the score of a chunk of `tokens` tokens, and evict the worst chunks while the budget is exceeded."""
        rank = (score.rank, score.index)
        if self._best_evicted is not None and rank > self._best_evicted:
            return
        counted = tokens if self._capacity is None else min(tokens, self._capacity)
        self._kept.append((*rank, counted, score))
        self._kept.sort(key=lambda entry: entry[:2])
        while len(self._kept) > 1 and sum(entry[2] for entry in self._kept) > self._kept_tokens:
            worst, index, _, _ = self._kept.pop()
            self._best_evicted = min((worst, index), self._best_evicted or (worst, index))

    def kept(self) -> list[ChunkScore]:
        """Return the kept chunks' scores in document order."""
        return sorted((entry[3] for entry in self._kept), key=lambda score: score.index)
