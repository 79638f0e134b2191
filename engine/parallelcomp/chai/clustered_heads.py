"""The attention of clustered heads: heads that attend alike use one head's scores, after CHAI (arXiv 2403.08058).

How many clusters a layer has is known from sample text (`head_clusters`); which heads form a cluster is decided in
the first pass over a context. From then on only one representative of each cluster multiplies queries by keys,
while every head keeps its own values. If no query head of a KV head is a representative, that KV head's keys are
dropped from the context.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ..attention import attention
from ..attention.attention import LayerAttention
from ..config import ClusteredHeads, Membership
from ..kv.cache import BufferLayer
from ..kv.context import Context
from ..models.model import ModelSpec
from .head_clusters import cluster, correlation


@dataclass(frozen=True)
class Clusters:
    """The clusters of one layer.

    `representatives`: for each KV head whose keys are needed, the query heads that are representatives; both
    ascend. `slot`: for each query head the index, among all representatives, of the one whose scores it uses, int64
    (query_heads,).
    """

    representatives: dict[int, list[int]]
    slot: Tensor

    @classmethod
    def of(cls, representative: Tensor, group: int) -> Clusters:
        """Make clusters from each head's representative, int64 (query_heads,); `group` heads share a KV head."""
        heads, slot = representative.unique(return_inverse=True)
        by_kv_head: dict[int, list[int]] = {}
        for head in heads.tolist():
            by_kv_head.setdefault(head // group, []).append(head)
        return cls(by_kv_head, slot)

    @property
    def count(self) -> int:
        """Number of clusters."""
        return sum(map(len, self.representatives.values()))


@dataclass(frozen=True)
class Savings:
    """What clustered heads save on one context, in all layers; the rest of the model costs the same.

    `score_flops`: FLOPs of the products of queries and keys for one decoded token. `key_bytes`: bytes of all keys
    in the context, with prefix, question and answer. The fields `..._without` are what they would be without
    clusters.
    """

    score_flops: int
    score_flops_without: int
    key_bytes: int
    key_bytes_without: int

    def __str__(self) -> str:
        scores = 1 - self.score_flops / self.score_flops_without
        keys = 1 - self.key_bytes / self.key_bytes_without
        kept = f"{keys:.0%} of the keys' bytes" if keys else "none of the keys' bytes"
        return f"{scores:.0%} of the score FLOPs of a decoded token, {kept}"


class ClusteredAttention:
    """Attention kernel for the passes over one context, the question's first.

    In a layer with as many clusters as heads it is the engine's own attention, bit for bit.
    """

    def __init__(self, context: Context, clustered: ClusteredHeads, spec: ModelSpec) -> None:
        self._context = context
        self._clustered = clustered
        self._spec = spec
        self._layers: dict[int, Clusters] = {}

    def __call__(self, one: LayerAttention) -> Tensor:
        if self._clustered.clusters[one.layer] == self._spec.query_heads:
            return attention.dense(one.query, one.key, one.value, one.scaling, one.attention_pass)
        if one.layer in self._layers:
            return clustered_attention(one.query, one.key, one.value, one.scaling, self._layers[one.layer])
        out = self._first_pass(one)
        kept = list(self._layers[one.layer].representatives)
        if len(kept) < self._spec.kv_heads:
            cached: BufferLayer = self._context.cache.layers[one.layer]
            cached.drop_keys(kept)
        return out

    def _first_pass(self, one: LayerAttention) -> Tensor:
        """Attention of all heads until the clusters are known, and of the representatives alone from there on."""
        layer, query, key, value, scaling = one.layer, one.query, one.key, one.value, one.scaling
        queries = query.shape[2]
        if self._clustered.membership is Membership.OBSERVATION_WINDOW:
            self._assign(layer, query, key, scaling)
            return attention.dense(query, key, value, scaling, one.attention_pass)
        first = min(self._clustered.queries, queries)
        before = key.shape[2] - (queries - first)
        self._assign(layer, query[:, :, :first], key[:, :, :before], scaling)
        out = attention.dense(
            query[:, :, :first], key[:, :, :before], value[:, :, :before], scaling, one.attention_pass
        )
        if first == queries:
            return out
        rest = clustered_attention(query[:, :, first:], key, value, scaling, self._layers[layer])
        return torch.cat([out, rest], dim=1)

    def _assign(self, layer: int, query: Tensor, key: Tensor, scaling: float) -> None:
        """Decide which heads form the layer's clusters, by the attention of the last queries of `query`."""
        attention_weights = attention.weights(query, key, scaling, None, self._clustered.queries)
        representative, _ = cluster(correlation(attention_weights), self._clustered.clusters[layer])
        self._layers[layer] = Clusters.of(representative.to(query.device), self._spec.group)

    def savings(self) -> Savings:
        """Return what is saved, once the question's pass has run."""
        spec = self._spec
        flops, without, kept, whole = 0, 0, 0, 0
        for index, layer in enumerate(self._context.cache.layers):
            clusters = self._layers.get(index)
            score = 2 * spec.head_dim * layer.length  # FLOPs of one query head
            head = layer.length * spec.head_dim * layer.used[0].element_size()  # bytes of one KV head's keys
            flops += score * (clusters.count if clusters else spec.query_heads)
            without += score * spec.query_heads
            kept += head * layer.used[0].shape[1]
            whole += head * spec.kv_heads
        return Savings(flops, without, kept, whole)


def clustered_attention(query: Tensor, key: Tensor, value: Tensor, scaling: float, clusters: Clusters) -> Tensor:
    """Attention (batch, queries, query_heads, head_dim) by the scores of the representatives alone.

    `query` (batch, query_heads, queries, head_dim), `value` (batch, kv_heads, keys, head_dim); `key` is of the same
    shape, or has only the KV heads that some representative needs. Causality is bottom-right.
    """
    batch, query_heads, queries, head_dim = query.shape
    kv_heads, keys = value.shape[1:3]
    rows: list[Tensor] = []
    for index, (kv_head, heads) in enumerate(clusters.representatives.items()):
        head_keys = key[:, kv_head if key.shape[1] == kv_heads else index]
        packed = query[:, heads].reshape(batch, len(heads) * queries, head_dim)
        rows.append((packed @ head_keys.transpose(1, 2)).view(batch, len(heads), queries, keys))
    scores = torch.cat(rows, dim=1).float().mul_(scaling)
    if queries > 1:
        scores += attention.additive_mask(queries, keys, None, scores.dtype, scores.device)
    attention_weights = scores.softmax(dim=-1).to(value.dtype)[:, clusters.slot]
    out = attention_weights.reshape(batch, kv_heads, query_heads // kv_heads * queries, keys) @ value
    return out.view(batch, query_heads, queries, head_dim).transpose(1, 2)
