"""Putting the kept KV together (step 7): the prefix once, then the kept chunks in document order."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ..config import Eviction
from ..kv.cache import BufferLayer, buffer_cache
from ..kv.context import Context, Slots
from ..kv.rows import in_one_row
from ..kv.stored import ChunkKV, Prefix
from ..models.model import ModelSpec
from ..policies import LayerContext, Policy, policy_of
from ..scoring import ChunkScore


def assemble(
    spec: ModelSpec,
    prefix: Prefix,
    kept: Sequence[tuple[ChunkKV, ChunkScore]],
    eviction: Eviction,
    room: int,
) -> Context:
    """Assemble the kept chunks' KV with `room` free slots for the question and the answer.

    As all chunks were read at the same positions, the question's positions begin after the longest kept chunk's, as
    long as that was before eviction. Raises ValueError if a chunk to evict from was scored without attention.
    """
    policy = policy_of(eviction)
    chosen = [_choose(spec, one, score, policy) for one, score in kept]
    totals = [
        sum(_count(one, picks[layer]) for (one, _), picks in zip(kept, chosen, strict=True))
        for layer in range(spec.layers)
    ]
    cache = buffer_cache(1, [len(prefix) + total + room for total in totals], spec, prefix)
    slots: list[list[Slots]] = []
    row = in_one_row([one.kv for one, _ in kept], spec.device)
    shape = (spec.kv_heads, row.tokens, spec.head_dim)
    keys, values = (torch.empty(shape, dtype=spec.dtype, device=spec.device) for _ in range(2))
    for index, layer in enumerate(cache.layers):
        row.read(index, keys, values)
        picks = [of_layer[index] for of_layer in chosen]
        _append(layer, keys, values, _row_picks(kept, picks, spec))
        slots.append(
            [_join([chunk_slots(spec, one, picked) for (one, _), picked in zip(kept, picks, strict=True)])]
        )
    longest = max(one.kv.tokens for one, _ in kept)
    return Context(cache, len(prefix), slots, torch.tensor([len(prefix) + longest], device=spec.device))


def chunk_slots(spec: ModelSpec, one: ChunkKV, picked: Tensor | None = None) -> Slots:
    """Return the slots of one chunk: all of its tokens, or those picked per KV head, int64 (kv_heads, kept)."""
    local = torch.arange(one.kv.tokens).expand(spec.kv_heads, -1) if picked is None else picked.cpu()
    return Slots(local + one.chunk.start, local, torch.full_like(local, one.kv.tokens))


def _choose(spec: ModelSpec, one: ChunkKV, score: ChunkScore, policy: Policy) -> list[Tensor | None]:
    """Return per layer the tokens that each KV head keeps, int64 (kv_heads, kept), or None where all stay."""
    tokens = one.kv.tokens
    if not policy.evicts(tokens):
        return [None] * spec.layers
    seen = score.attention
    if seen is None:
        if policy.window(1):
            raise ValueError(f"chunk {one.chunk.index} exceeds the capacity but was scored without attention")
        seen = torch.zeros(spec.layers, spec.kv_heads, tokens)
    contexts = [
        LayerContext(one.chunk.index, tokens, layer, spec.layers, spec.kv_heads) for layer in range(spec.layers)
    ]
    picks = [policy.keep(context, layer) for context, layer in zip(contexts, seen, strict=True)]
    return [None if picked.shape[1] == tokens else picked for picked in picks]


def _count(one: ChunkKV, picked: Tensor | None) -> int:
    """Tokens that a KV head keeps of the chunk."""
    return one.kv.tokens if picked is None else picked.shape[1]


def _row_picks(
    kept: Sequence[tuple[ChunkKV, ChunkScore]], picks: Sequence[Tensor | None], spec: ModelSpec
) -> Tensor | None:
    """Return which tokens of the row of all kept chunks stay, int64 (kv_heads, kept), or None where all do."""
    if all(picked is None for picked in picks):
        return None
    parts: list[Tensor] = []
    start = 0
    for (one, _), picked in zip(kept, picks, strict=True):
        local = torch.arange(one.kv.tokens).expand(spec.kv_heads, -1) if picked is None else picked.cpu()
        parts.append(local + start)
        start += one.kv.tokens
    return torch.cat(parts, dim=1)


def _append(layer: BufferLayer, keys: Tensor, values: Tensor, picked: Tensor | None) -> None:
    """Append a row's KV, or the tokens of it that were picked, to a cache layer."""
    if picked is not None:
        rows = picked.to(keys.device)[:, :, None].expand(-1, -1, keys.shape[2])
        keys, values = keys.gather(1, rows), values.gather(1, rows)
    layer.update(keys[None], values[None])


def _join(parts: Sequence[Slots]) -> Slots:
    return Slots(
        torch.cat([part.tokens for part in parts], dim=1),
        torch.cat([part.local for part in parts], dim=1),
        torch.cat([part.lengths for part in parts], dim=1),
    )
