"""The training-free compressor: of its block, a host passes on what the question looks at.

The paper trains a small network for it; here the question's queries are taken from the anchor and turned to where
the question would stand if it came right after the block, so that they meet the block's keys at distances that the
model knows.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from ..model import LoadedModel
from .anchor import Anchor

POOLING_KERNEL = 5


def turned(loaded: LoadedModel, queries: Tensor, by: int) -> Tensor:
    """Rotated queries (query_heads, tokens, head_dim) as they are `by` positions later, in fp32."""
    rotary = loaded.model.base_model.rotary_emb
    position = torch.tensor([[by]], device=queries.device)
    cos, sin = rotary(queries.new_zeros(1, 1, 1, dtype=torch.float32), position)
    # Some kinds of RoPE scale what they rotate; these queries are scaled already.
    cos, sin = (part[0] / rotary.attention_scaling for part in (cos, sin))
    rotated, rest = queries.float().split([cos.shape[-1], queries.shape[-1] - cos.shape[-1]], dim=-1)
    first, second = rotated.chunk(2, dim=-1)
    return torch.cat([rotated * cos + torch.cat([-second, first], dim=-1) * sin, rest], dim=-1)


def attention_from(queries: Tensor, keys: Tensor, scaling: float) -> Tensor:
    """Share of attention that `queries` (query_heads, tokens, head_dim) pay to each of `keys` (kv_heads, keys,
    head_dim), summed over queries and the query heads of a group: fp32 (kv_heads, keys)."""
    kv_heads, _, head_dim = keys.shape
    packed = queries.float().reshape(kv_heads, -1, head_dim)
    return (packed @ keys.float().transpose(1, 2) * scaling).softmax(dim=-1).sum(dim=1)


def useful(attention: Tensor, tokens: int, anchored: int) -> Tensor:
    """The `tokens` most useful tokens per KV head, int64 (kv_heads, tokens), ascending.

    `attention` (kv_heads, block) is max-pooled over its neighbours. The first `anchored` tokens of the block are
    seen by all others anyway: they are passed on only where nothing else is left.
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
    """What a host passes on of its block's keys and values, each (kv_heads, block, head_dim): (2, kv_heads, tokens,
    head_dim). The block ends before position `stop`."""
    keys, values = block
    queries = turned(loaded, anchor.queries[layer], stop - anchor.question_start)
    picked = useful(attention_from(queries, keys, anchor.scaling), tokens, anchored)
    rows = picked[:, :, None].expand(-1, -1, keys.shape[2])
    return torch.stack([keys.gather(1, rows), values.gather(1, rows)])
