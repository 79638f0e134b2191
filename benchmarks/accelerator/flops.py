"""Counts the floating-point operations of reading by formula."""

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
    """Return the number of weights in all linear maps of a causal LM except its head."""
    return sum(part.weight.numel() for part in model.base_model.modules() if isinstance(part, nn.Linear))


def causal_pairs(tokens: int, before: int = 0) -> int:
    """Return the query-key pairs of `tokens` causal queries that also attend to `before` earlier tokens."""
    return tokens * before + tokens * (tokens + 1) // 2


def reading_flops(weights: int, spec: ModelSpec, lengths: Sequence[int], prefix: int = 0) -> int:
    """Return the operations of reading chunks of these `lengths` (tokens), each after a prefix already read.

    `weights` is the number that `linear_weights` returns. Full attention is one chunk without a prefix.
    """
    pairs = sum(causal_pairs(tokens, prefix) for tokens in lengths)
    return 2 * weights * sum(lengths) + spec.layers * 4 * spec.query_heads * spec.head_dim * pairs
