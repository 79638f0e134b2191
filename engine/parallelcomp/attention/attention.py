"""The one attention function of the engine, registered with transformers under `NAME`.

Causality is bottom-right: the last query sees every key. No mask comes from transformers; what a forward pass wants
of its attention layers reaches them through one keyword, `attention_pass`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor
from transformers import AttentionInterface
from transformers.masking_utils import AttentionMaskInterface

from ..errors import Cancelled
from .kernels import Rows, Way, flash_kernel, on_rows, rows_kernel, shares_keys, usable_kernel, way
from .limits import PLAIN, KeyPositions, Limits, refuse_unknown

NAME = "parallelcomp"
# Is polled during long work; returns True once the caller wants it to stop.
Cancel = Callable[[], bool]
# Queries in one block of `_blocks`: few enough for their logits to fit the CPU's cache, enough for fast products.
BLOCK_QUERIES = 128


class Observer(Protocol):
    """Is called with every layer's queries and keys; `weights` computes attention weights from them."""

    def __call__(
        self, layer: int, query: Tensor, key: Tensor, scaling: float, padding: Tensor | None, limits: Limits
    ) -> None: ...


class KeyFilter(Protocol):
    """Drops keys and values before attention is computed (calibration)."""

    def __call__(
        self, layer: int, query: Tensor, key: Tensor, value: Tensor, scaling: float
    ) -> tuple[Tensor, Tensor]: ...


@dataclass(frozen=True)
class LayerAttention:
    """One layer's attention that is to be computed; shapes as in `attend`."""

    layer: int
    query: Tensor
    key: Tensor
    value: Tensor
    scaling: float
    attention_pass: AttentionPass
    limits: Limits


# Computes attention in place of `dense`, with the shapes of `attend`.
AttentionKernel = Callable[[LayerAttention], Tensor]


@dataclass(frozen=True)
class Mask:
    """Additive mask (batch or 1, 1, group * queries, keys) for queries packed by KV head.

    `clear`: the keys that all queries see, so that nothing needs to be added there.
    """

    tensor: Tensor
    clear: slice

    @classmethod
    def of(cls, mask: Tensor, group: int, padding: Tensor | None, behind: int) -> Mask:
        """Pack a mask (batch or 1, 1, queries, keys) that hides only padding and some of the last `behind` keys."""
        first = 0 if padding is None else int(padding.max())
        return cls(mask.repeat(1, 1, group, 1), slice(first, mask.shape[3] - behind))

    def add_to(self, logits: Tensor) -> None:
        """Add the mask to `logits` in place.

        Leaving out the `clear` keys makes it twice as fast where they are most.
        """
        for part in (slice(self.clear.start), slice(self.clear.stop, None)):
            logits[..., part] += self.tensor[..., part]


@dataclass
class AttentionPass:
    """What one forward pass wants of every attention layer.

    `padding`: leading key slots of each sequence that hold nothing, int64 (batch,), or None. `cancelled` is
    polled once per layer, so that a pass over a long chunk stops within milliseconds. `key_positions` gives the
    positions of a layer's keys, for sliding layers; None where they are those of the slots.
    """

    padding: Tensor | None = None
    observer: Observer | None = None
    key_filter: KeyFilter | None = None
    kernel: AttentionKernel | None = None
    cancelled: Cancel | None = None
    key_positions: KeyPositions | None = None
    _masks: dict[tuple[int, int, int], Mask] = field(default_factory=dict, repr=False)
    _rows: dict[tuple[int, int], Rows] = field(default_factory=dict, repr=False)

    def mask(self, query: Tensor, keys: int, group: int) -> Mask:
        """Return the mask for `query`, packed by KV head. It is made once for each shape."""
        queries = query.shape[2]
        if (queries, keys, group) not in self._masks:
            mask = additive_mask(queries, keys, self.padding, query.dtype, query.device)
            self._masks[queries, keys, group] = Mask.of(mask, group, self.padding, queries)
        return self._masks[queries, keys, group]

    def limits(self, layer: int, keys: int, window: int | None, sinks: Tensor | None) -> Limits:
        """Return how a layer with this window and these sinks departs from plain attention on `keys` keys."""
        positions = None
        if window is not None and self.key_positions is not None:
            positions = self.key_positions(layer, keys)
        if window is not None and positions is None and keys <= window:
            window = None
        return PLAIN if window is None and sinks is None else Limits(window, sinks, positions)

    def rows(self, query: Tensor, keys: int) -> Rows:
        """Return the batch without its padding. It is made once for each shape."""
        batch, _, queries, _ = query.shape
        if (queries, keys) not in self._rows:
            self._rows[queries, keys] = Rows.of(batch, queries, keys, self.padding, query.device)
        return self._rows[queries, keys]


def additive_mask(
    queries: int,
    keys: int,
    padding: Tensor | None,
    dtype: torch.dtype,
    device: torch.device,
    limits: Limits = PLAIN,
) -> Tensor:
    """Return a mask (batch or 1, kv_heads or 1, queries, keys): 0 where a query sees a key, -inf elsewhere.

    Causality is bottom-right, and padding is hidden.
    """
    slot = torch.arange(keys, device=device)
    last_visible = torch.arange(keys - queries, keys, device=device)
    visible = (slot[None, :] <= last_visible[:, None])[None, None]
    if padding is not None:
        visible = visible & (slot >= padding[:, None])[:, None, None, :]
    visible = limits.hide(visible)
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
    sliding_window: int | None = None,
    s_aux: Tensor | None = None,
    **others: Any,
) -> tuple[Tensor, None]:
    """Attention of `query` (batch, query_heads, queries, head_dim) on (batch, kv_heads, keys, head_dim).

    `s_aux` are attention sinks (query_heads,). Returns (batch, queries, query_heads, head_dim), as transformers
    expects it. Raises Cancelled, UnsupportedModelError if the model wants something of its attention that is not
    known here, and ValueError if there is an observer but some heads' keys were dropped.
    """
    refuse_unknown(others)
    wanted = attention_pass if attention_pass is not None else AttentionPass()
    if wanted.cancelled is not None and wanted.cancelled():
        raise Cancelled("stopped while the model was reading")
    scale = scaling if scaling is not None else query.shape[-1] ** -0.5
    if wanted.key_filter is not None:
        key, value = wanted.key_filter(module.layer_idx, query, key, value, scale)
    limits = wanted.limits(module.layer_idx, key.shape[2], sliding_window, s_aux)
    if wanted.observer is not None:
        if key.shape[1] != value.shape[1]:
            raise ValueError("attention cannot be observed once keys were dropped (clustered heads)")
        wanted.observer(module.layer_idx, query, key, scale, wanted.padding, limits)
    if wanted.kernel is not None:
        one = LayerAttention(module.layer_idx, query, key, value, scale, wanted, limits)
        return wanted.kernel(one), None
    if limits is not PLAIN:
        return limited(query, key, value, scale, wanted.padding, limits), None
    return dense(query, key, value, scale, wanted), None


def limited(
    query: Tensor, key: Tensor, value: Tensor, scale: float, padding: Tensor | None, limits: Limits
) -> Tensor:
    """Attention of a layer with a sliding window or sinks; shapes as in `attend`.

    A block of queries at a time meets the keys that some of them see, so that a window costs what it lets through.
    """
    queries, keys = query.shape[2], key.shape[2]
    parts: list[Tensor] = []
    for start in range(0, queries, BLOCK_QUERIES):
        stop = min(start + BLOCK_QUERIES, queries)
        last = keys - queries + stop
        first = limits.first_visible(keys - queries + start)
        hidden = None if padding is None else (padding - first).clamp_min(0)
        within = limits.of_slots(first, last)
        attention_weights = weights(
            query[:, :, start:stop], key[:, :, first:last], scale, hidden, stop - start, within
        )
        parts.append(weighted(attention_weights, value[:, :, first:last]))
    return torch.cat(parts, dim=1)


def weighted(attention_weights: Tensor, value: Tensor) -> Tensor:
    """Return values (batch, kv_heads, keys, head_dim) weighted by (batch, kv_heads, group, queries, keys), in the
    shape that `attend` returns."""
    group, queries = attention_weights.shape[2:4]
    out = attention_weights.to(value.dtype).flatten(2, 3) @ value
    return out.unflatten(2, (group, queries)).flatten(1, 2).transpose(1, 2)


def dense(query: Tensor, key: Tensor, value: Tensor, scale: float, attention_pass: AttentionPass) -> Tensor:
    """Ordinary attention, by the fastest way on this device and for this shape; shapes as in `attend`."""
    queries, keys = query.shape[2], key.shape[2]
    kernel, padded = usable_kernel(query.device, query.dtype), attention_pass.padding is not None
    asked = way(kernel, queries, keys, padded=padded, plain=_plain_products(query))
    if asked is Way.FLASH:
        return _flash(query, key, value, scale)
    if asked is Way.FLASH_ROWS:
        return on_rows(
            rows_kernel(kernel, query.device), query, key, value, scale, attention_pass.rows(query, keys)
        )
    if asked in (Way.CAUSAL, Way.BLOCKS):
        square = _blocks if asked is Way.BLOCKS else _sdpa_square
        return square(query, key, value, scale).transpose(1, 2)
    mask = None
    if queries > 1 or padded:
        mask = attention_pass.mask(query, keys, query.shape[1] // key.shape[1])
    return packed(query, key, value, scale, mask)


def _flash(query: Tensor, key: Tensor, value: Tensor, scale: float) -> Tensor:
    """Attention by flash-attn, which takes (batch, tokens, heads, head_dim)."""
    query, key, value = (each.transpose(1, 2) for each in (query, key, value))
    return flash_kernel(query.device).causal(query, key, value, scale)


def _sdpa_square(query: Tensor, key: Tensor, value: Tensor, scale: float) -> Tensor:
    """Attention of many queries, (batch, query_heads, queries, head_dim) as `query`.

    The missing leading queries are filled with zeros, so that the kernel's top-left causality is the bottom-right
    one, and no mask is read. Only flash kernels let heads share keys. Where torch would have none of them, the keys
    are repeated, since it would compute all logits at once otherwise.
    """
    missing = key.shape[2] - query.shape[2]
    group = query.shape[1] // key.shape[1]
    if group > 1 and not shares_keys(query.device, query.dtype):
        key, value = (each.repeat_interleave(group, dim=1) for each in (key, value))
    if missing:
        query = torch.cat([query.new_zeros(*query.shape[:2], missing, query.shape[3]), query], dim=2)
    out = F.scaled_dot_product_attention(
        query, key, value, is_causal=True, scale=scale, enable_gqa=query.shape[1] != key.shape[1]
    )
    return out[:, :, missing:]


def _blocks(query: Tensor, key: Tensor, value: Tensor, scale: float) -> Tensor:
    """Attention of many queries, (batch, query_heads, queries, head_dim) as `query`.

    Each block of queries meets only the keys that it sees: half of the products are never computed, and only the
    block's last keys need a mask.
    """
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
    """Whether plain products and a softmax are faster than torch's kernel and no less exact, as they are in bf16
    on a CPU (docs/log.md, trials 16 and 19)."""
    return query.device.type == "cpu" and query.dtype is torch.bfloat16


def packed(query: Tensor, key: Tensor, value: Tensor, scale: float, mask: Mask | None) -> Tensor:
    """Attention of few queries; shapes as in `attend`. The queries of a KV head's group stand side by side, so that
    keys are read once per KV head.

    `mask` is None for a single query that sees all keys.
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
    """Attention as three plain operations; shapes as in torch's own kernel."""
    logits = (query * scale) @ key.transpose(2, 3)
    if mask is not None:
        mask.add_to(logits)
    return logits.softmax(dim=-1) @ value


def weights(
    query: Tensor, key: Tensor, scale: float, padding: Tensor | None, last: int, limits: Limits = PLAIN
) -> Tensor:
    """Attention weights of the last `last` queries, by a softmax in fp32 over all keys.

    Returns (batch, kv_heads, group, last, keys): query heads are grouped by the KV head that they share.
    """
    recent = query[:, :, -last:]
    last, keys = recent.shape[2], key.shape[2]
    mask = None
    if last > 1 or padding is not None or limits.window is not None:
        mask = additive_mask(last, keys, padding, torch.float32, query.device, limits)
    return masked_weights(recent, key, scale, mask, limits.sinks)


def masked_weights(
    query: Tensor, key: Tensor, scale: float, mask: Tensor | None, sinks: Tensor | None = None
) -> Tensor:
    """Attention weights of all queries, in the shape of `weights`, under an additive fp32 mask
    (batch or 1, kv_heads or 1, queries, keys); None hides nothing. What `sinks` (query_heads,) take is missing."""
    batch, query_heads, queries, head_dim = query.shape
    kv_heads, keys = key.shape[1], key.shape[2]
    rows = query.reshape(batch, kv_heads, query_heads // kv_heads * queries, head_dim)
    logits = (rows @ key.transpose(2, 3)).float().mul_(scale)
    logits = logits.view(batch, kv_heads, query_heads // kv_heads, queries, keys)
    if mask is not None:
        logits += mask[:, :, None]
    if sinks is None:
        return logits.softmax(dim=-1)
    beside = sinks.float().view(1, kv_heads, -1, 1, 1).expand(*logits.shape[:-1], 1)
    return torch.cat([logits, beside], dim=-1).softmax(dim=-1)[..., :-1]


def visible_keys(
    queries: int, keys: int, padding: Tensor | None, device: torch.device, limits: Limits = PLAIN
) -> Tensor:
    """How many keys each of the last `queries` queries sees, by slots: int64 (batch or 1, queries)."""
    visible = torch.arange(keys - queries + 1, keys + 1, device=device)[None]
    visible = visible if padding is None else visible - padding[:, None]
    return visible if limits.window is None else visible.clamp_max(limits.window)


def _no_mask(*_: Any, **__: Any) -> None:
    return None


AttentionInterface.register(NAME, attend)
AttentionMaskInterface.register(NAME, _no_mask)
