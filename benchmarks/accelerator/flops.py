"""How many floating-point operations reading takes, counted by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import nn

from parallelcomp import ModelSpec

FORMULA = (
    "2 * weights * tokens + layers * 4 * query_heads * head_dim * pairs; weights: those of the layers' linear maps "
    "(embedding and head are not run while reading); pairs: query-key pairs under causality, for a chunk of n "
    "tokens after a prefix of p: n * p + n * (n + 1) / 2"
)


def linear_weights(model: Any) -> int:
    """Weights of all linear maps below the head of a causal LM."""
    return sum(part.weight.numel() for part in model.base_model.modules() if isinstance(part, nn.Linear))


def causal_pairs(tokens: int, before: int = 0) -> int:
    """Query-key pairs of `tokens` queries that see themselves, those before them, and `before` tokens in front."""
    return tokens * before + tokens * (tokens + 1) // 2


def reading_flops(weights: int, spec: ModelSpec, lengths: Sequence[int], prefix: int = 0) -> int:
    """Operations of reading chunks of these `lengths` (tokens), each after a prefix that is read already.

    Full attention is one chunk without a prefix.
    """
    pairs = sum(causal_pairs(tokens, prefix) for tokens in lengths)
    return 2 * weights * sum(lengths) + spec.layers * 4 * spec.query_heads * spec.head_dim * pairs
