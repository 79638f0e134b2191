"""Which kernel is asked to compute plain attention, by device, number format and shape, and the flash kernels.

A flash kernel never writes the logits of queries x keys to memory. None of them takes a mask, so sequences of
different lengths are given to it as rows of different lengths, not padded.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import Any

import torch
from torch import Tensor

# The first CUDA devices that multiply bf16 and that the flash kernels run on, and those that flash-attn 3 is for.
AMPERE, HOPPER = (8, 0), (9, 0)
# Beyond this many queries, a mask (queries, keys) takes more memory than filling up the queries instead.
MANY_QUERIES = 512
# Takes queries, keys and values (tokens, heads, head_dim), the rows of them, and the scale of the logits.
RowsKernel = Callable[[Tensor, Tensor, Tensor, "Rows", float], Tensor]


class Kernel(Enum):
    """The best kernel that there is for a device and a number format."""

    FLASH = "flash-attn"
    TORCH_FLASH = "torch's flash attention"
    SDPA = "torch SDPA"


class Way(Enum):
    """What is asked for one shape."""

    FLASH = "flash-attn, causal"
    FLASH_ROWS = "flash attention on rows of different lengths"
    CAUSAL = "torch SDPA, causal"
    BLOCKS = "plain products in blocks of queries"
    PACKED = "torch SDPA, queries packed by KV head"


def way(kernel: Kernel, queries: int, keys: int, *, padded: bool, plain: bool) -> Way:
    """Return how attention of `queries` on `keys` is computed.

    `padded`: some sequences begin with slots that hold nothing. `plain`: plain products are faster here than
    torch's kernel. A single query that sees all keys needs no causality, and with few queries a group's stand side
    by side, so that keys are read once per KV head.
    """
    if kernel is Kernel.FLASH and not padded:
        return Way.FLASH
    if kernel is not Kernel.SDPA and queries > 1 and (padded or not _many(queries, keys)):
        return Way.FLASH_ROWS
    if not padded and _many(queries, keys):
        return Way.BLOCKS if plain else Way.CAUSAL
    return Way.PACKED


def _many(queries: int, keys: int) -> bool:
    return queries > MANY_QUERIES or queries * 2 > keys


def usable_kernel(device: torch.device, dtype: torch.dtype) -> Kernel:
    """Return the best kernel on this device in this dtype."""
    if device.type != "cuda" or dtype not in (torch.float16, torch.bfloat16):
        return Kernel.SDPA
    capability = torch.cuda.get_device_capability(device)
    if capability < AMPERE:
        return Kernel.SDPA
    if flash_attention(capability) is not None:
        return Kernel.FLASH
    return Kernel.TORCH_FLASH if torch_rows() is not None else Kernel.SDPA


def shares_keys(device: torch.device, dtype: torch.dtype) -> bool:
    """Whether torch SDPA has a flash kernel here, which lets a group of query heads share the keys of a KV head."""
    if device.type != "cuda":
        return device.type == "cpu"
    return dtype in (torch.float16, torch.bfloat16) and torch.cuda.get_device_capability(device) >= AMPERE


def flash_kernel(device: torch.device) -> FlashAttention:
    """Return flash-attn where `usable_kernel` says that it is there."""
    found = flash_attention(torch.cuda.get_device_capability(device))
    assert found is not None
    return found


def rows_kernel(kernel: Kernel, device: torch.device) -> RowsKernel:
    """Return the function for rows of different lengths of a kernel that `usable_kernel` has found."""
    found = flash_kernel(device).rows if kernel is Kernel.FLASH else torch_rows()
    assert found is not None
    return found


@dataclass(frozen=True)
class FlashAttention:
    """flash-attn's functions; its causality is bottom-right, and query heads may share KV heads.

    `causal` takes (batch, tokens, heads, head_dim), the scale, and returns the shape of the queries.
    """

    causal: Callable[[Tensor, Tensor, Tensor, float], Tensor]
    rows: RowsKernel


@cache
def flash_attention(capability: tuple[int, int]) -> FlashAttention | None:
    """Return flash-attn 3 on the devices that it is for, else flash-attn 2; None if neither is there and loads."""
    if capability >= HOPPER and capability[0] == HOPPER[0]:
        try:
            import flash_attn_interface as third
        except (ImportError, OSError):
            pass
        else:
            return _wrapped(third.flash_attn_func, third.flash_attn_varlen_func)
    try:
        from flash_attn import flash_attn_func, flash_attn_varlen_func
    except (ImportError, OSError):
        return None
    return _wrapped(flash_attn_func, flash_attn_varlen_func)


def _wrapped(causal: Callable[..., Any], varlen: Callable[..., Any]) -> FlashAttention:
    def first(out: Any) -> Tensor:  # some versions return more than the outputs
        return out if isinstance(out, Tensor) else out[0]

    def on_rows(query: Tensor, key: Tensor, value: Tensor, rows: Rows, scale: float) -> Tensor:
        ends = rows.query_ends, rows.key_ends, rows.queries, rows.longest
        return first(varlen(query, key, value, *ends, softmax_scale=scale, causal=True))

    return FlashAttention(lambda q, k, v, scale: first(causal(q, k, v, softmax_scale=scale, causal=True)), on_rows)


@cache
def torch_rows() -> RowsKernel | None:
    """Return torch's own flash attention on rows of different lengths; None if this torch has none."""
    try:
        from torch.nn.attention.varlen import varlen_attn
    except ImportError:
        return None
    if not {"enable_gqa", "scale", "window_size"} <= inspect.signature(varlen_attn).parameters.keys():
        return None

    def on_rows(query: Tensor, key: Tensor, value: Tensor, rows: Rows, scale: float) -> Tensor:
        ends = rows.query_ends, rows.key_ends, rows.queries, rows.longest
        shared = query.shape[1] != key.shape[1]
        out = varlen_attn(query, key, value, *ends, scale=scale, window_size=(-1, 0), enable_gqa=shared)
        return out if isinstance(out, Tensor) else out[0]

    return on_rows


@dataclass(frozen=True)
class Rows:
    """The sequences of a batch without their padding, one after another.

    `sequence` and `slot`: where each key stands in the batch, int64 (tokens,). `query_ends` and `key_ends`: how
    many queries and keys there are before each sequence and after the last, int32 (batch + 1,). `queries`: those of
    each sequence; `longest`: the keys of the longest.
    """

    sequence: Tensor
    slot: Tensor
    query_ends: Tensor
    key_ends: Tensor
    queries: int
    longest: int

    @classmethod
    def of(cls, batch: int, queries: int, keys: int, padding: Tensor | None, device: torch.device) -> Rows:
        """Return the rows of a batch whose sequences begin with `padding` (batch,) slots that hold nothing."""
        hidden = torch.zeros(batch, dtype=torch.long) if padding is None else padding.cpu()
        lengths = keys - hidden
        sequence = torch.arange(batch).repeat_interleave(lengths)
        before = (lengths.cumsum(0) - lengths - hidden).repeat_interleave(lengths)
        key_ends = torch.cat([torch.zeros(1, dtype=torch.long), lengths.cumsum(0)])
        return cls(
            sequence.to(device),
            (torch.arange(len(sequence)) - before).to(device),
            (torch.arange(batch + 1) * queries).to(device, torch.int32),
            key_ends.to(device, torch.int32),
            queries,
            int(lengths.max()),
        )


def on_rows(kernel: RowsKernel, query: Tensor, key: Tensor, value: Tensor, scale: float, rows: Rows) -> Tensor:
    """Attention of `query` (batch, query_heads, queries, head_dim) on the keys and values of `rows`.

    These are (batch, kv_heads, keys, head_dim). Returns (batch, queries, query_heads, head_dim).
    """
    batch, _, queries, _ = query.shape
    flat = query.transpose(1, 2).flatten(0, 1)
    keys, values = (each[rows.sequence, :, rows.slot] for each in (key, value))
    return kernel(flat, keys, values, rows, scale).unflatten(0, (batch, queries))
