"""Attention calibration (section 3.3, step 6): context tokens that draw attention without cause are evicted."""

from __future__ import annotations

import torch
from torch import Tensor

from ..attention import attention
from ..config import Calibration, Region
from ..kv.cache import BufferLayer
from ..kv.context import Context, Slots
from ..models.model import ModelSpec


def in_regions(slots: Slots, regions: Region, edge_tokens: int) -> Tensor:
    """Say which slots lie in one of `regions` of their chunk: bool (kv_heads, slots).

    The sink region is the first `edge_tokens` tokens of a chunk, the recency region its last `edge_tokens`, and the
    middle is the rest. In a chunk shorter than two edges, sink and recency overlap and there is no middle.
    """
    sink = slots.local < edge_tokens
    recency = slots.local >= slots.lengths - edge_tokens
    inside = torch.zeros_like(sink)
    if Region.SINK in regions:
        inside |= sink
    if Region.RECENCY in regions:
        inside |= recency
    if Region.MIDDLE in regions:
        inside |= ~(sink | recency)
    return inside


def surviving(attention_weights: Tensor, eligible: Tensor, threshold: float) -> Tensor | None:
    """Return the slots that each KV head keeps: int64 (kv_heads, kept), ascending; None if all stay.

    `attention_weights` (kv_heads, group, slots): attention of each query head on each slot. A head evicts a slot if
    it is `eligible` (kv_heads, slots) and some query head of the group pays it more than `threshold`. So that all
    heads keep equally many, a head with fewer evictions also drops its least attended slots.
    """
    biased = (attention_weights > threshold).any(dim=1) & eligible
    dropped = int(biased.sum(dim=1).max())
    if dropped == 0:
        return None
    # Biased slots go first (-1 is below all attention), then the least attended; of equal ones the later.
    rank = attention_weights.sum(dim=1).masked_fill(biased, -1.0)
    order = torch.sort(rank, dim=-1, descending=True, stable=True).indices
    return order[:, : rank.shape[1] - dropped].sort(dim=-1).values


class Calibrator:
    """Key filter for the question's pass over an assembled context, which it calibrates for good.

    In the calibrated layers, cache and slots shrink before attention is computed, and stay so for decoding.
    """

    def __init__(self, context: Context, calibration: Calibration, spec: ModelSpec) -> None:
        self._context = context
        self._calibration = calibration
        self._layers = calibration.layers.indices(spec.layers)

    def __call__(
        self, layer: int, query: Tensor, key: Tensor, value: Tensor, scaling: float
    ) -> tuple[Tensor, Tensor]:
        if layer not in self._layers:
            return key, value
        slots = self._context.slots[layer][0]
        first = self._context.prefix_tokens
        last = first + slots.tokens.shape[1]
        attention_weights = attention.weights(query, key, scaling, None, self._calibration.queries)
        in_context = attention_weights[0, ..., first:last].amax(dim=2)  # (kv_heads, group, slots)
        eligible = in_regions(slots, self._calibration.regions, self._calibration.edge_tokens)
        keep = surviving(in_context, eligible.to(key.device), self._calibration.threshold)
        if keep is None:
            return key, value
        cache_layer: BufferLayer = self._context.cache.layers[layer]
        cache_layer.replace(_select(key, keep, first, last), _select(value, keep, first, last))
        self._context.slots[layer][0] = slots.pick(keep.cpu())
        return cache_layer.used


def _select(states: Tensor, keep: Tensor, first: int, last: int) -> Tensor:
    """Join prefix, kept slots of [first, last) per KV head, and what follows: (1, kv_heads, fewer, head_dim)."""
    rows = keep[None, :, :, None].expand(-1, -1, -1, states.shape[3])
    middle = states[:, :, first:last].gather(2, rows)
    return torch.cat([states[:, :, :first], middle, states[:, :, last:]], dim=2)
