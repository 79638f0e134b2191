"""What an eviction policy is, and the choice that most of them end with."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor

from ..config import Eviction
from ..scoring import total


@dataclass(frozen=True)
class LayerContext:
    """One layer of one chunk: where a policy decides. `tokens` is the chunk's length."""

    chunk: int
    tokens: int
    layer: int
    layers: int
    kv_heads: int


class Policy(ABC):
    """Chooses the tokens of a chunk that stay, per layer and KV head; all heads of a layer keep equally many.

    As it stands here: chunks longer than the capacity lose tokens, by what the question's last tokens look at.
    """

    def __init__(self, eviction: Eviction) -> None:
        self.eviction = eviction
        self.settings = eviction.policy_settings

    def evicts(self, tokens: int) -> bool:
        """Whether a chunk of so many tokens may lose some."""
        return tokens > self.eviction.capacity

    def window(self, asked: int) -> int:
        """How many queries, counted from the last, it observes of a question of `asked` tokens; 0 is none."""
        return self.eviction.observation_window

    def observe(self, attention_weights: Tensor, visible: Tensor) -> Tensor:
        """What is remembered of one layer: fp32 (batch, kv_heads, keys), larger for a key that matters more.

        `attention_weights` (batch, kv_heads, group, queries, keys): the observed queries' attention. `visible`
        (batch or 1, queries): how many keys each of them sees.
        """
        return total(attention_weights, visible)

    @abstractmethod
    def keep(self, context: LayerContext, seen: Tensor) -> Tensor:
        """The tokens that each KV head keeps of a chunk that it evicts from: int64 (kv_heads, kept), ascending.

        `seen` (kv_heads, tokens) is what was remembered of the chunk; zeros where nothing is observed.
        """


def best(scores: Tensor, count: int) -> Tensor:
    """The `count` highest of `scores` (kv_heads, tokens) for each head: int64 (kv_heads, count), ascending."""
    # A stable order makes ties fall on the earlier token on every device.
    order = torch.sort(scores, dim=-1, descending=True, stable=True).indices
    return order[:, :count].sort(dim=-1).values
