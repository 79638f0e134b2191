"""What stays: the best chunks as their scores arrive, and of each the KV that the question looks at.

Chunk eviction is step 4 (section 3.1), KV eviction step 5 (section 3.2), decided per KV head.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from .scoring import ChunkScore


class ChunkQueue:
    """Keeps the best chunks within a budget of kept tokens, whatever the order in which scores arrive.

    A chunk counts with its tokens, or with `capacity` where it is longer and KV eviction will shorten it. The
    result is the longest run of the ranking that fits; the best chunk always stays.
    """

    def __init__(self, kept_tokens: int, capacity: int | None = None) -> None:
        self._kept_tokens = kept_tokens
        self._capacity = capacity
        self._kept: list[tuple[float, int, int, ChunkScore]] = []
        self._best_evicted: tuple[float, int] | None = None

    def offer(self, score: ChunkScore, tokens: int) -> None:
        """Take in the score of a chunk of `tokens` tokens; evict the worst while the budget is exceeded."""
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
        """The kept chunks' scores in document order."""
        return sorted((entry[3] for entry in self._kept), key=lambda score: score.index)


def keep_tokens(attention: Tensor, capacity: int, pooling_kernel: int) -> Tensor | None:
    """Which tokens of a chunk each KV head keeps in one layer: int64 (kv_heads, capacity), ascending.

    `attention` (kv_heads, tokens) is what the observation window pays to the chunk. It is max-pooled over
    `pooling_kernel` neighbours, so that a token stays with its surroundings. None if all tokens fit.
    """
    tokens = attention.shape[-1]
    if tokens <= capacity:
        return None
    pooled = F.max_pool1d(attention[None], pooling_kernel, stride=1, padding=pooling_kernel // 2)[0]
    # A stable order makes ties fall on the earlier token on every device.
    order = torch.sort(pooled, dim=-1, descending=True, stable=True).indices
    return order[:, :capacity].sort(dim=-1).values
