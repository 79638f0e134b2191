"""Computes what kvpress keeps of given attention.

It runs in kvpress's own environment, which has neither the engine nor the app, and imports nothing of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any


@dataclass(frozen=True)
class Trial:
    """Random causal attention from `seed` over `tokens` and a `window` after them; `capacity` tokens stay."""

    seed: int
    query_heads: int
    kv_heads: int
    tokens: int
    window: int
    capacity: int
    layer: int
    layers: int
    pooling_kernel: int
    steepness: float
    sink_tokens: int


def attention(trial: Trial) -> Any:
    """Return the trial's attention weights, fp32 (1, query_heads, length, length), equal in both environments."""
    import torch

    length = trial.tokens + trial.window
    generator = torch.Generator().manual_seed(trial.seed)
    logits = 2 * torch.randn(1, trial.query_heads, length, length, generator=generator)
    return logits.masked_fill(~torch.ones(length, length).tril().bool(), -torch.inf).softmax(dim=-1)


def kept(trials: tuple[Trial, ...]) -> dict[str, Any]:
    """Return for each trial, under kvpress's name of a press, the tokens that stay, in a row for each KV head.

    ObservedAttentionPress knows no window: for it the rows are scores, before they are divided by the number of
    queries that saw the key.
    """
    return {"kept": [_of(trial) for trial in trials]}


def _of(trial: Trial) -> dict[str, Any]:
    import kvpress
    import torch

    weights = attention(trial)
    length, tokens = weights.shape[-1], trial.tokens
    config = SimpleNamespace(
        num_attention_heads=trial.query_heads,
        num_key_value_heads=trial.kv_heads,
        num_hidden_layers=trial.layers,
    )
    module = SimpleNamespace(config=config, layer_idx=trial.layer, head_dim=4)
    hidden, keys = torch.zeros(1, length, 4), torch.zeros(1, trial.kv_heads, length, 4)
    window = {"window_size": trial.window, "kernel_size": trial.pooling_kernel}
    snap = kvpress.SnapKVPress(compression_ratio=0.5, **window).score(module, hidden, keys, keys, weights, {})[0]
    pyramid = kvpress.PyramidKVPress(
        compression_ratio=1 - (trial.capacity + 1e-7) / length, beta=trial.steepness, **window
    )
    budget = pyramid.get_layer_budget(module, length)
    pyramid_scores = pyramid.score(module, hidden, keys, keys, weights, {})[0]
    streaming = kvpress.StreamingLLMPress(
        compression_ratio=1 - (trial.capacity + 0.5) / tokens, n_sink=trial.sink_tokens
    )
    ends = streaming.score(module, hidden[:, :tokens], keys[:, :, :tokens], keys[:, :, :tokens], None, {})[0]
    observed = kvpress.ObservedAttentionPress().score(module, hidden, keys, keys, weights, {})[0]
    return {
        "SnapKVPress": _best(snap[:, :tokens], trial.capacity),
        "PyramidKVPress": _best(pyramid_scores[:, :tokens], budget),
        "StreamingLLMPress": [row.nonzero()[:, 0].tolist() for row in ends],
        "ObservedAttentionPress": (observed * torch.arange(length, 0, -1))[:, :tokens].tolist(),
    }


def _best(scores: Any, count: int) -> list[list[int]]:
    rows: list[list[int]] = scores.topk(count, dim=-1).indices.sort(dim=-1).values.tolist()
    return rows
