"""Putting the kept KV together (step 7): the prefix once, then the kept chunks in document order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from transformers import Cache

from .cache import BufferLayer, buffer_cache
from .config import Eviction
from .kv import ChunkKV, Prefix
from .model import ModelSpec
from .policies import Place, Policy, policy_of
from .scoring import ChunkScore


@dataclass(frozen=True)
class Slots:
    """Which document token each context slot of one layer holds, after the prefix.

    `tokens`: document token offsets, int64 (kv_heads, slots), on the CPU. `local`: the same tokens' offsets in
    their chunk. `lengths`: the length of the chunk each slot belongs to.
    """

    tokens: Tensor
    local: Tensor
    lengths: Tensor

    def pick(self, indices: Tensor) -> Slots:
        """Keep only `indices`, int64 (kv_heads, fewer slots)."""
        return Slots(*(field.gather(1, indices) for field in (self.tokens, self.local, self.lengths)))


@dataclass(frozen=True)
class Mark:
    """How far a context was filled: slots of each layer, and the position of the next token (batch,)."""

    lengths: tuple[int, ...]
    next_position: Tensor


@dataclass
class Context:
    """KV that the question and the answer attend to.

    `cache` holds (batch, kv_heads, slots, head_dim) per layer, lengths may differ between layers; `slots` says
    per layer what the slots after the prefix hold, for each sequence of the batch; `next_position` (batch,) is
    where the question's first token stands; `padding` (batch,) counts leading slots that hold nothing, or None.
    """

    cache: Cache
    prefix_tokens: int
    slots: list[list[Slots]]
    next_position: Tensor
    padding: Tensor | None = None

    @property
    def kept_tokens(self) -> int:
        """Document tokens in the context, averaged over layers and KV heads (which may differ)."""
        per_layer = [sum(slots.tokens.shape[1] for slots in layer) for layer in self.slots]
        return round(sum(per_layer) / len(per_layer))

    def mark(self) -> Mark:
        """Where it ends now."""
        return Mark(tuple(layer.length for layer in self.cache.layers), self.next_position)

    def rewind(self, mark: Mark) -> None:
        """Forget what was appended since."""
        for layer, length in zip(self.cache.layers, mark.lengths, strict=True):
            layer.length = length
        self.next_position = mark.next_position


def assemble(
    spec: ModelSpec,
    prefix: Prefix,
    kept: Sequence[tuple[ChunkKV, ChunkScore]],
    eviction: Eviction,
    room: int,
) -> Context:
    """Assemble the kept chunks' KV with `room` free slots for the question and the answer.

    Positions go on after the longest kept chunk before eviction: every chunk was read at the same positions.
    """
    policy = policy_of(eviction)
    chosen = [_choose(spec, one, score, policy) for one, score in kept]
    totals = [
        sum(_count(one, picks[layer]) for (one, _), picks in zip(kept, chosen, strict=True))
        for layer in range(spec.layers)
    ]
    cache = buffer_cache(1, [len(prefix) + total + room for total in totals], spec, prefix)
    slots: list[list[Slots]] = []
    scratch = _scratch(spec, max(one.kv.tokens for one, _ in kept))
    for index, layer in enumerate(cache.layers):
        parts: list[Slots] = []
        for (one, _), picks in zip(kept, chosen, strict=True):
            _append(layer, index, one, picks[index], scratch)
            parts.append(chunk_slots(spec, one, picks[index]))
        slots.append([_join(parts)])
    longest = max(one.kv.tokens for one, _ in kept)
    return Context(cache, len(prefix), slots, torch.tensor([len(prefix) + longest], device=spec.device))


def chunk_slots(spec: ModelSpec, one: ChunkKV, picked: Tensor | None = None) -> Slots:
    """The slots of one chunk, all of its tokens or those picked per KV head."""
    local = torch.arange(one.kv.tokens).expand(spec.kv_heads, -1) if picked is None else picked.cpu()
    return Slots(local + one.chunk.start, local, torch.full_like(local, one.kv.tokens))


def _choose(spec: ModelSpec, one: ChunkKV, score: ChunkScore, policy: Policy) -> list[Tensor | None]:
    """Per layer, the tokens that each KV head keeps; None where all stay."""
    tokens = one.kv.tokens
    if not policy.evicts(tokens):
        return [None] * spec.layers
    seen = score.attention
    if seen is None:
        if policy.window(1):
            raise ValueError(f"chunk {one.chunk.index} exceeds the capacity but was scored without attention")
        seen = torch.zeros(spec.layers, spec.kv_heads, tokens)
    places = [Place(one.chunk.index, tokens, layer, spec.layers, spec.kv_heads) for layer in range(spec.layers)]
    picks = [policy.keep(place, layer) for place, layer in zip(places, seen, strict=True)]
    return [None if picked.shape[1] == tokens else picked for picked in picks]


def _count(one: ChunkKV, picked: Tensor | None) -> int:
    return one.kv.tokens if picked is None else picked.shape[1]


def _scratch(spec: ModelSpec, tokens: int) -> tuple[Tensor, Tensor]:
    shape = (spec.kv_heads, tokens, spec.head_dim)
    return (
        torch.empty(shape, dtype=spec.dtype, device=spec.device),
        torch.empty(shape, dtype=spec.dtype, device=spec.device),
    )


def _append(
    layer: BufferLayer, index: int, one: ChunkKV, picked: Tensor | None, scratch: tuple[Tensor, Tensor]
) -> None:
    keys, values = (part[:, : one.kv.tokens] for part in scratch)
    one.kv.read(index, keys, values)
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
