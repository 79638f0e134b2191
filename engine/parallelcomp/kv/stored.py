"""KV of chunks between reading and asking, behind one small interface."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from ..chunking import Chunk
from ..config import KVPrecision
from . import quantization

KEYS, VALUES = 0, 1


class StoredKV(Protocol):
    """Keys and values of some tokens in all layers, in any number format."""

    @property
    def precision(self) -> KVPrecision: ...

    @property
    def tokens(self) -> int: ...

    @property
    def nbytes(self) -> int:
        """Bytes of all its tensors."""
        ...

    def read(self, layer: int, keys: Tensor, values: Tensor) -> None:
        """Write the layer's keys and values into `keys` and `values`, each (kv_heads, tokens, head_dim)."""
        ...

    def tensors(self) -> dict[str, Tensor]:
        """All tensors by name; `restore` makes the same KV from them."""
        ...


@dataclass(frozen=True)
class DenseKV:
    """KV in one tensor (layers, 2, kv_heads, tokens, head_dim) of a floating-point format."""

    tensor: Tensor

    @property
    def precision(self) -> KVPrecision:
        return KVPrecision.of(self.tensor.dtype)

    @property
    def tokens(self) -> int:
        return self.tensor.shape[3]

    @property
    def nbytes(self) -> int:
        return self.tensor.nbytes

    def read(self, layer: int, keys: Tensor, values: Tensor) -> None:
        """As in the interface; a leading batch dimension of `keys` and `values` is filled with copies."""
        keys.copy_(self.tensor[layer, KEYS])
        values.copy_(self.tensor[layer, VALUES])

    def tensors(self) -> dict[str, Tensor]:
        return {"kv": self.tensor}


@dataclass(frozen=True)
class ChunkKV:
    """A chunk of n tokens and its KV. Keys are rotated at the positions P..P+n-1 after a prefix of P tokens."""

    chunk: Chunk
    kv: StoredKV


@dataclass(frozen=True)
class Prefix:
    """The tokens in front of every chunk and their KV, in the model's dtype and on its device."""

    token_ids: tuple[int, ...]
    kv: DenseKV

    def __len__(self) -> int:
        return len(self.token_ids)


def store_kv(layers: Sequence[tuple[Tensor, Tensor]], precision: KVPrecision, device: torch.device) -> StoredKV:
    """Store per-layer keys and values, each (kv_heads, tokens, head_dim), in `precision` on `device`.

    Raises ValueError if a number cannot be quantised because it is not finite or beyond the range of fp16.
    """
    if precision.dtype is None:
        return quantization.quantize(layers, precision, device)
    return pack(layers, precision.dtype, device)


def restore(precision: KVPrecision, tensors: Mapping[str, Tensor]) -> StoredKV:
    """Return the KV with this precision and these `tensors()`, without a copy.

    Raises ValueError if they do not fit.
    """
    if precision.dtype is None:
        return quantization.restore(precision, tensors)
    if set(tensors) != {"kv"}:
        raise ValueError(f"KV in {precision.value} is one tensor named kv, not {sorted(tensors)}")
    tensor = tensors["kv"]
    if tensor.dtype is not precision.dtype or tensor.dim() != 5 or tensor.shape[1] != 2:
        raise ValueError(
            f"KV in {precision.value} is {precision.dtype} of shape (layers, 2, kv_heads, tokens, head_dim), "
            f"not {tensor.dtype} of shape {tuple(tensor.shape)}"
        )
    return DenseKV(tensor)


def pack(layers: Sequence[tuple[Tensor, Tensor]], dtype: torch.dtype, device: torch.device) -> DenseKV:
    """Copy per-layer keys and values, each (kv_heads, tokens, head_dim), into one tensor of `dtype`."""
    kv_heads, tokens, head_dim = layers[0][0].shape
    packed = torch.empty(len(layers), 2, kv_heads, tokens, head_dim, dtype=dtype, device=device)
    for target, (keys, values) in zip(packed, layers, strict=True):
        target[KEYS].copy_(keys)
        target[VALUES].copy_(values)
    return DenseKV(packed)
