"""The compressor: it chooses the KV of a block that a host passes on, by what the question attends to most.

The paper trains a small network for this. Here nothing is trained: the question's queries are taken from the anchor
and rotated to the positions right after the block, so that their distances to the block's keys are ones
that the model knows.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from ..models.model import LoadedModel
from .anchor import Anchor

POOLING_KERNEL = 5


def rotated_further(loaded: LoadedModel, queries: Tensor, by: int) -> Tensor:
    """Rotate queries (query_heads, tokens, head_dim) from their positions to ones `by` further on, in fp32."""
    rotary = loaded.model.base_model.rotary_emb
    position = torch.tensor([[by]], device=queries.device)
    cos, sin = rotary(queries.new_zeros(1, 1, 1, dtype=torch.float32), position)
    # Some kinds of RoPE also scale what they rotate; these queries are scaled already.
    cos, sin = (part[0] / rotary.attention_scaling for part in (cos, sin))
    rotated, rest = queries.float().split([cos.shape[-1], queries.shape[-1] - cos.shape[-1]], dim=-1)
    first, second = rotated.chunk(2, dim=-1)
    return torch.cat([rotated * cos + torch.cat([-second, first], dim=-1) * sin, rest], dim=-1)


def attention_from(queries: Tensor, keys: Tensor, scaling: float) -> Tensor:
    """Attention of `queries` (query_heads, tokens, head_dim) on `keys` (kv_heads, keys, head_dim).

    Returns fp32 (kv_heads, keys), summed over the queries and over the query heads of a group.
    """
    kv_heads, _, head_dim = keys.shape
    packed = queries.float().reshape(kv_heads, -1, head_dim)
    return (packed @ keys.float().transpose(1, 2) * scaling).softmax(dim=-1).sum(dim=1)


def useful(attention: Tensor, tokens: int, anchored: int) -> Tensor:
    """Return the `tokens` most useful tokens per KV head, int64 (kv_heads, tokens), ascending.

    These are the tokens with most `attention` (kv_heads, block), max-pooled over neighbours. The other hosts have
    the first `anchored` tokens of the block in their anchor, so these are chosen only if no others are left.
    """
    pooled = F.max_pool1d(attention[None], POOLING_KERNEL, stride=1, padding=POOLING_KERNEL // 2)[0]
    pooled[:, :anchored] = -1.0
    order = torch.sort(pooled, dim=-1, descending=True, stable=True).indices
    return order[:, :tokens].sort(dim=-1).values


def compress(
    loaded: LoadedModel,
    anchor: Anchor,
    layer: int,
    block: tuple[Tensor, Tensor],
    stop: int,
    tokens: int,
    anchored: int,
) -> Tensor:
    """Return what a host passes on of its block's keys and values: (2, kv_heads, tokens, head_dim).

    `block`: keys and values, each (kv_heads, block, head_dim); it ends before position `stop`.
    """
    keys, values = block
    queries = rotated_further(loaded, anchor.queries[layer], stop - anchor.question_start)
    picked = useful(attention_from(queries, keys, anchor.scaling), tokens, anchored)
    rows = picked[:, :, None].expand(-1, -1, keys.shape[2])
    return torch.stack([keys.gather(1, rows), values.gather(1, rows)])
