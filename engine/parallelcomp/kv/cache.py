"""Cache layers for transformers' forward pass: one that owns its KV, and one that reads stored chunks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from transformers import Cache
from transformers.cache_utils import CacheLayerMixin

from ..models.model import ModelSpec
from .batch import StoredBatch
from .stored import Prefix, StoredKV


class EngineLayer(CacheLayerMixin):
    """What transformers calls on a cache layer, for layers whose masks and positions the engine sets."""

    is_sliding = False
    length = 0

    def lazy_initialization(self, key_states: Tensor, value_states: Tensor) -> None:
        self.is_initialized = True

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        return self.length + query_length, 0

    def get_seq_length(self) -> int:
        return self.length

    def get_max_length(self) -> int:
        return -1


class BufferLayer(EngineLayer):
    """KV in buffers with room to grow, so that appending a decoded token copies no context.

    Buffers are (batch, kv_heads, capacity, head_dim); the first `length` slots are in use.
    """

    def __init__(self, batch: int, capacity: int, spec: ModelSpec) -> None:
        super().__init__()
        shape = (batch, spec.kv_heads, capacity, spec.head_dim)
        self.key_buffer = torch.zeros(shape, dtype=spec.dtype, device=spec.device)
        self.value_buffer = torch.zeros(shape, dtype=spec.dtype, device=spec.device)
        self._key_heads: list[int] | None = None
        self.is_initialized = True

    @property
    def used(self) -> tuple[Tensor, Tensor]:
        """Views of the keys and values in use, each (batch, kv_heads, length, head_dim)."""
        return self.key_buffer[:, :, : self.length], self.value_buffer[:, :, : self.length]

    def update(self, key_states: Tensor, value_states: Tensor, *_: Any, **__: Any) -> tuple[Tensor, Tensor]:
        stop = self.length + key_states.shape[2]
        if stop > self.key_buffer.shape[2]:
            raise ValueError(f"cache layer has room for {self.key_buffer.shape[2]} tokens, {stop} were given")
        self.key_buffer[:, :, self.length : stop] = (
            key_states if self._key_heads is None else key_states[:, self._key_heads]
        )
        self.value_buffer[:, :, self.length : stop] = value_states
        self.length = stop
        return self.used

    def drop_keys(self, kept: Sequence[int]) -> None:
        """Hold the keys of the KV heads `kept` alone from now on; values stay as they are (clustered heads)."""
        self._key_heads = list(kept)
        self.key_buffer = self.key_buffer[:, self._key_heads]

    def keep_sequences(self, kept: Tensor) -> None:
        """Hold these sequences of the batch alone from now on, int64 (sequences,)."""
        self.key_buffer, self.value_buffer = self.key_buffer[kept], self.value_buffer[kept]

    def replace(self, keys: Tensor, values: Tensor) -> None:
        """Hold these keys and values instead, each (batch, kv_heads, tokens, head_dim), no longer than before."""
        self.length = keys.shape[2]
        self.key_buffer[:, :, : self.length] = keys
        self.value_buffer[:, :, : self.length] = values


class FixedLayer(EngineLayer):
    """A layer over another one's buffers that writes a token to `slot`, int64 (1,), and shows all of the buffers.

    Nothing in it depends on a number that the host knows, so that a pass through it can be recorded and replayed.
    """

    def __init__(self, layer: BufferLayer, slot: Tensor) -> None:
        super().__init__()
        self._layer, self._slot = layer, slot
        self.length = layer.length
        self.is_initialized = True

    def update(self, key_states: Tensor, value_states: Tensor, *_: Any, **__: Any) -> tuple[Tensor, Tensor]:
        self._layer.key_buffer.index_copy_(2, self._slot, key_states)
        self._layer.value_buffer.index_copy_(2, self._slot, value_states)
        return self._layer.key_buffer, self._layer.value_buffer


class DequantizationWorkspace:
    """Buffers for the dequantised keys and values of one layer, (batch, kv_heads, tokens, head_dim), which all
    layers of a scoring pass use in turn.

    Each sequence is laid out as padding, prefix, chunk, question. A layer's KV is needed only while that layer
    attends, so stored KV is dequantised layer by layer and never held as a whole in the model's dtype.
    """

    def __init__(self, prefix: Prefix, stored: Sequence[StoredKV], question_tokens: int, spec: ModelSpec) -> None:
        self._batch = StoredBatch(prefix, stored, spec)
        self.longest = self._batch.longest
        self.tokens = len(prefix) + self.longest
        shape = (len(stored), spec.kv_heads, self.tokens + question_tokens, spec.head_dim)
        self.keys = torch.zeros(shape, dtype=spec.dtype, device=spec.device)
        self.values = torch.zeros(shape, dtype=spec.dtype, device=spec.device)

    @property
    def padding(self) -> Tensor | None:
        """Leading slots of each sequence that hold nothing, int64 (batch,); None if there are none."""
        return self._batch.padding

    def fill(self, layer: int, key_states: Tensor, value_states: Tensor) -> tuple[Tensor, Tensor]:
        """Write the stored KV of `layer` and the question's `key_states` and `value_states`; return the buffers."""
        self._batch.write(layer, self.keys, self.values)
        question = key_states.shape[2]
        self.keys[:, :, -question:] = key_states
        self.values[:, :, -question:] = value_states
        return self.keys, self.values


class StoredLayer(EngineLayer):
    """A layer of a scoring pass. It reads the stored chunks through the shared workspace and keeps nothing."""

    def __init__(self, workspace: DequantizationWorkspace, layer: int) -> None:
        super().__init__()
        self.workspace, self.layer = workspace, layer
        self.length = workspace.tokens
        self.is_initialized = True

    def update(self, key_states: Tensor, value_states: Tensor, *_: Any, **__: Any) -> tuple[Tensor, Tensor]:
        return self.workspace.fill(self.layer, key_states, value_states)


def buffer_cache(batch: int, capacity: int | Sequence[int], spec: ModelSpec, prefix: Prefix | None = None) -> Cache:
    """Return a cache with room for `capacity` tokens in each sequence, one number for all layers or one for each.

    It is empty, or starts with the prefix's KV if a prefix is given.
    """
    capacities = [capacity] * spec.layers if isinstance(capacity, int) else capacity
    layers = [BufferLayer(batch, room, spec) for room in capacities]
    if prefix is not None and len(prefix):
        for index, layer in enumerate(layers):
            layer.length = len(prefix)
            prefix.kv.read(index, *layer.used)  # into every sequence at once
    return Cache(layers=layers)


def stored_cache(
    prefix: Prefix, stored: Sequence[StoredKV], question_tokens: int, spec: ModelSpec
) -> tuple[Cache, DequantizationWorkspace]:
    """Return a cache that reads stored chunks, for one pass of `question_tokens` tokens, and its workspace."""
    workspace = DequantizationWorkspace(prefix, stored, question_tokens, spec)
    return Cache(layers=[StoredLayer(workspace, layer) for layer in range(spec.layers)]), workspace
