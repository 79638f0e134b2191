"""The base class of eviction policies, and the choice that most of them end with."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor

from ..config import Eviction
from ..scoring import total


@dataclass(frozen=True)
class LayerContext:
    """The layer and the chunk for which a policy decides: their indices, and the sizes of both.

    `tokens` is the chunk's length.
    """

    chunk: int
    tokens: int
    layer: int
    layers: int
    kv_heads: int


class Policy(ABC):
    """Chooses the tokens of a chunk that stay, per layer and KV head; all heads of a layer keep equally many.

    By default, chunks longer than the capacity lose tokens, by the attention of the question's last tokens.
    """

    def __init__(self, eviction: Eviction) -> None:
        self.eviction = eviction
        self.settings = eviction.policy_settings

    def evicts(self, tokens: int) -> bool:
        """Whether a chunk of this many tokens may lose some."""
        return tokens > self.eviction.capacity

    def window(self, asked: int) -> int:
        """Return how many of the last queries of a question of `asked` tokens are observed; 0 is none."""
        return self.eviction.observation_window

    def observe(self, attention_weights: Tensor, visible: Tensor) -> Tensor:
        """Return a score for every key of one layer, fp32 (batch, kv_heads, keys), larger if the key matters more.

        `attention_weights` (batch, kv_heads, group, queries, keys): attention of the observed queries. `visible`
        (batch or 1, queries): how many keys each of them sees.
        """
        return total(attention_weights, visible)

    @abstractmethod
    def keep(self, context: LayerContext, seen: Tensor) -> Tensor:
        """Return the tokens of a chunk that each KV head keeps: int64 (kv_heads, kept), ascending.

        `seen` (kv_heads, tokens) are the scores from `observe`; zeros if nothing is observed.
        """


def best(scores: Tensor, count: int) -> Tensor:
    """Return the `count` tokens of highest `scores` (kv_heads, tokens) per head: int64 (kv_heads, count),
    ascending."""
    # In a stable order the earlier of equal tokens is kept, on every device.
    order = torch.sort(scores, dim=-1, descending=True, stable=True).indices
    return order[:, :count].sort(dim=-1).values
