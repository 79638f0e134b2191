"""KV of chunks as it is kept between reading and asking, behind one small interface."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from .chunking import Chunk

KEYS, VALUES = 0, 1


class StoredKV(Protocol):
    """Keys and values of some tokens in all layers, in whatever number format."""

    @property
    def tokens(self) -> int: ...

    @property
    def nbytes(self) -> int: ...

    def read(self, layer: int, keys: Tensor, values: Tensor) -> None:
        """Write the layer's keys and values into `keys` and `values`, each (kv_heads, tokens, head_dim)."""
        ...


@dataclass(frozen=True)
class DenseKV:
    """KV in one tensor (layers, 2, kv_heads, tokens, head_dim) of a floating-point format."""

    tensor: Tensor

    @property
    def tokens(self) -> int:
        return self.tensor.shape[3]

    @property
    def nbytes(self) -> int:
        return self.tensor.numel() * self.tensor.element_size()

    def read(self, layer: int, keys: Tensor, values: Tensor) -> None:
        keys.copy_(self.tensor[layer, KEYS])
        values.copy_(self.tensor[layer, VALUES])


@dataclass(frozen=True)
class ChunkKV:
    """A chunk and its KV, keys rotated at the chunk's local positions: prefix length .. + tokens - 1."""

    chunk: Chunk
    kv: StoredKV


@dataclass(frozen=True)
class Prefix:
    """The tokens in front of every chunk and their KV, in the model's dtype on its device, read once."""

    token_ids: tuple[int, ...]
    kv: DenseKV

    def __len__(self) -> int:
        return len(self.token_ids)


def pack(layers: Sequence[tuple[Tensor, Tensor]], dtype: torch.dtype, device: torch.device) -> DenseKV:
    """Copy per-layer keys and values, each (kv_heads, tokens, head_dim), into one tensor of `dtype`."""
    kv_heads, tokens, head_dim = layers[0][0].shape
    packed = torch.empty(len(layers), 2, kv_heads, tokens, head_dim, dtype=dtype, device=device)
    for target, (keys, values) in zip(packed, layers, strict=True):
        target[KEYS].copy_(keys)
        target[VALUES].copy_(values)
    return DenseKV(packed)
