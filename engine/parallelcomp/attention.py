"""The one attention function of the engine, registered with transformers under `NAME`.

Causality is bottom-right: the last query sees every key. The mask that transformers would build is replaced by
None; a forward pass hands its wishes to every layer through one keyword, `attention_pass`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from functools import cache
from typing import Any, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor
from transformers import AttentionInterface
from transformers.masking_utils import AttentionMaskInterface

from .errors import Cancelled

NAME = "parallelcomp"
# From here on a mask of queries by keys would be larger than the missing queries that do without it.
MANY_QUERIES = 512
# Of many queries on a CPU in bf16, as many at a time: their logits fit the cache, the products are large enough.
BLOCK_QUERIES = 128


class Kernel(Enum):
    """Which kernel computes attention."""

    FLASH = "flash-attn"
    SDPA = "torch SDPA"


class Observer(Protocol):
    """Is shown every layer's queries and keys; `weights` computes attention for the last queries if wanted."""

    def __call__(self, layer: int, query: Tensor, key: Tensor, scaling: float, padding: Tensor | None) -> None: ...


class KeyFilter(Protocol):
    """Drops keys and values before attention is computed (calibration)."""

    def __call__(
        self, layer: int, query: Tensor, key: Tensor, value: Tensor, scaling: float
    ) -> tuple[Tensor, Tensor]: ...


class AttentionKernel(Protocol):
    """Computes attention in place of `dense`: what `attend` returns, from what it was given and the pass."""

    def __call__(
        self, layer: int, query: Tensor, key: Tensor, value: Tensor, scaling: float, asked: AttentionPass
    ) -> Tensor: ...


@dataclass(frozen=True)
class Mask:
    """Additive mask (batch or 1, 1, group * queries, keys) for queries packed by KV head.

    `clear`: the keys that all queries see, where nothing need be added.
    """

    tensor: Tensor
    clear: slice

    @classmethod
    def of(cls, mask: Tensor, group: int, padding: Tensor | None, behind: int) -> Mask:
        """From a mask (batch or 1, 1, queries, keys) that hides nothing but padding and some of the `behind` last
        keys."""
        first = 0 if padding is None else int(padding.max())
        return cls(mask.repeat(1, 1, group, 1), slice(first, mask.shape[3] - behind))

    def add_to(self, logits: Tensor) -> None:
        """In place: twice as fast as adding all of it, where most keys are seen by all."""
        for part in (slice(self.clear.start), slice(self.clear.stop, None)):
            logits[..., part] += self.tensor[..., part]


@dataclass
class AttentionPass:
    """What one forward pass asks of every attention layer.

    `padding`: leading key slots of each sequence that hold nothing, int64 (batch,), or None. `cancelled` is
    polled once per layer, so that a pass over a long chunk stops within milliseconds.
    """

    padding: Tensor | None = None
    observer: Observer | None = None
    key_filter: KeyFilter | None = None
    kernel: AttentionKernel | None = None
    cancelled: Callable[[], bool] | None = None
    _masks: dict[tuple[int, int, int], Mask] = field(default_factory=dict, repr=False)

    def mask(self, query: Tensor, keys: int, group: int) -> Mask:
        """The mask for `query`, packed by KV head; made once."""
        queries = query.shape[2]
        if (queries, keys, group) not in self._masks:
            mask = additive_mask(queries, keys, self.padding, query.dtype, query.device)
            self._masks[queries, keys, group] = Mask.of(mask, group, self.padding, queries)
        return self._masks[queries, keys, group]


def additive_mask(
    queries: int, keys: int, padding: Tensor | None, dtype: torch.dtype, device: torch.device
) -> Tensor:
    """0 where the bottom-right causal query may see the key and it is no padding, -inf elsewhere.

    Shape (batch or 1, 1, queries, keys).
    """
    slot = torch.arange(keys, device=device)
    last_visible = torch.arange(keys - queries, keys, device=device)
    visible = (slot[None, :] <= last_visible[:, None])[None, None]
    if padding is not None:
        visible = visible & (slot >= padding[:, None])[:, None, None, :]
    mask = torch.zeros(visible.shape, dtype=dtype, device=device)
    return mask.masked_fill_(~visible, float("-inf"))


def attend(
    module: Any,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float | None = None,
    dropout: float = 0.0,
    attention_pass: AttentionPass | None = None,
    **_: Any,
) -> tuple[Tensor, None]:
    """Attention of `query` (batch, query_heads, queries, head_dim) on (batch, kv_heads, keys, head_dim).

    Returns (batch, queries, query_heads, head_dim), as transformers wants it. Raises Cancelled.
    """
    asked = attention_pass if attention_pass is not None else AttentionPass()
    if asked.cancelled is not None and asked.cancelled():
        raise Cancelled("stopped while the model was reading")
    scale = scaling if scaling is not None else query.shape[-1] ** -0.5
    if asked.key_filter is not None:
        key, value = asked.key_filter(module.layer_idx, query, key, value, scale)
    if asked.observer is not None:
        if key.shape[1] != value.shape[1]:
            raise ValueError("attention cannot be observed once keys were dropped (clustered heads)")
        asked.observer(module.layer_idx, query, key, scale, asked.padding)
    if asked.kernel is not None:
        return asked.kernel(module.layer_idx, query, key, value, scale, asked), None
    return dense(query, key, value, scale, asked), None


def dense(query: Tensor, key: Tensor, value: Tensor, scale: float, asked: AttentionPass) -> Tensor:
    """Attention of every query head by itself, in the fastest way there is; shapes as in `attend`."""
    if asked.padding is None and usable_kernel(query.device, query.dtype) is Kernel.FLASH:
        return _flash(query, key, value, scale)
    if asked.padding is None and (query.shape[2] > MANY_QUERIES or query.shape[2] * 2 > key.shape[2]):
        square = _blocks if _plain_products(query) else _sdpa_square
        return square(query, key, value, scale).transpose(1, 2)
    mask = None
    if query.shape[2] > 1 or asked.padding is not None:
        mask = asked.mask(query, key.shape[2], query.shape[1] // key.shape[1])
    return packed(query, key, value, scale, mask)


def _sdpa_square(query: Tensor, key: Tensor, value: Tensor, scale: float) -> Tensor:
    """Many queries: fill the missing leading ones with zeros, so that the kernel's own top-left causality is
    the bottom-right one wanted here, and no mask has to be read."""
    missing = key.shape[2] - query.shape[2]
    if missing:
        query = torch.cat([query.new_zeros(*query.shape[:2], missing, query.shape[3]), query], dim=2)
    out = F.scaled_dot_product_attention(
        query, key, value, is_causal=True, scale=scale, enable_gqa=query.shape[1] != key.shape[1]
    )
    return out[:, :, missing:]


def _blocks(query: Tensor, key: Tensor, value: Tensor, scale: float) -> Tensor:
    """Many queries, a block of them at a time on the keys that it can see: half of the products are never computed,
    and only the last keys of a block need a mask."""
    batch, query_heads, queries, head_dim = query.shape
    kv_heads, keys = key.shape[1:3]
    group, before = query_heads // kv_heads, keys - queries
    query = (query * scale).view(batch, kv_heads, group, queries, head_dim)
    key = key.transpose(2, 3)
    future = query.new_full((BLOCK_QUERIES, BLOCK_QUERIES), float("-inf")).triu(1)
    out = torch.empty_like(query)
    for start in range(0, queries, BLOCK_QUERIES):
        stop = min(start + BLOCK_QUERIES, queries)
        rows = query[:, :, :, start:stop].flatten(2, 3)
        logits = (rows @ key[..., : before + stop]).unflatten(2, (group, stop - start))
        logits[..., before + start :] += future[: stop - start, : stop - start]
        attention_weights = logits.softmax(dim=-1).flatten(2, 3)
        out[:, :, :, start:stop] = (attention_weights @ value[:, :, : before + stop]).unflatten(
            2, (group, stop - start)
        )
    return out.flatten(1, 2)


def _plain_products(query: Tensor) -> bool:
    """Whether products and a softmax are faster than torch's kernel, and no less exact (docs/log.md, trials 16
    and 19): in bf16 on a CPU."""
    return query.device.type == "cpu" and query.dtype is torch.bfloat16


def packed(query: Tensor, key: Tensor, value: Tensor, scale: float, mask: Mask | None) -> Tensor:
    """Few queries: those of a KV head's group stand side by side, so that keys are read once per KV head.

    `mask` is None for a single query that sees all.
    """
    batch, query_heads, queries, head_dim = query.shape
    rows = query.reshape(batch, key.shape[1], query_heads // key.shape[1] * queries, head_dim)
    if queries > 1 and _plain_products(query):
        out = _matmul(rows, key, value, mask, scale)
    else:
        added = None if mask is None else mask.tensor
        out = F.scaled_dot_product_attention(rows, key, value, attn_mask=added, scale=scale)
    return out.reshape(batch, query_heads, queries, head_dim).transpose(1, 2)


def _matmul(query: Tensor, key: Tensor, value: Tensor, mask: Mask | None, scale: float) -> Tensor:
    """Attention as three plain operations."""
    logits = (query * scale) @ key.transpose(2, 3)
    if mask is not None:
        mask.add_to(logits)
    return logits.softmax(dim=-1) @ value


def weights(query: Tensor, key: Tensor, scale: float, padding: Tensor | None, last: int) -> Tensor:
    """Attention attention_weights of the last `last` queries, softmax in fp32 over all keys.

    Returns (batch, kv_heads, group, last, keys), the query heads grouped by the KV head they share.
    """
    recent = query[:, :, -last:]
    last, keys = recent.shape[2], key.shape[2]
    mask = None
    if last > 1 or padding is not None:
        mask = additive_mask(last, keys, padding, torch.float32, query.device)
    return masked_weights(recent, key, scale, mask)


def masked_weights(query: Tensor, key: Tensor, scale: float, mask: Tensor | None) -> Tensor:
    """The same of all of `query`, under an additive fp32 mask (batch or 1, 1, queries, keys)."""
    batch, query_heads, queries, head_dim = query.shape
    kv_heads, keys = key.shape[1], key.shape[2]
    rows = query.reshape(batch, kv_heads, query_heads // kv_heads * queries, head_dim)
    logits = (rows @ key.transpose(2, 3)).float().mul_(scale)
    logits = logits.view(batch, kv_heads, query_heads // kv_heads, queries, keys)
    if mask is not None:
        logits += mask[:, :, None]
    return logits.softmax(dim=-1)


def visible_keys(queries: int, keys: int, padding: Tensor | None, device: torch.device) -> Tensor:
    """How many keys each of the last `queries` queries sees: int64 (batch or 1, queries)."""
    visible = torch.arange(keys - queries + 1, keys + 1, device=device)[None]
    return visible if padding is None else visible - padding[:, None]


def usable_kernel(device: torch.device, dtype: torch.dtype) -> Kernel:
    """The kernel that will be used on this device with this dtype."""
    if device.type == "cuda" and dtype in (torch.float16, torch.bfloat16) and _flash_attention() is not None:
        return Kernel.FLASH
    return Kernel.SDPA


def _flash(query: Tensor, key: Tensor, value: Tensor, scale: float) -> Tensor:
    function = _flash_attention()
    assert function is not None
    # flash-attn wants (batch, tokens, heads, head_dim); its causality is bottom-right and it knows GQA.
    out = function(
        query.transpose(1, 2), key.transpose(1, 2), value.transpose(1, 2), softmax_scale=scale, causal=True
    )
    return out if isinstance(out, Tensor) else out[0]


@cache
def _flash_attention() -> Callable[..., Any] | None:
    """flash-attn's function where it is installed and its binary loads, looked for once."""
    try:
        from flash_attn import flash_attn_func
    except (ImportError, OSError):
        return None
    return flash_attn_func


def _no_mask(*_: Any, **__: Any) -> None:
    return None


AttentionInterface.register(NAME, attend)
AttentionMaskInterface.register(NAME, _no_mask)
