"""Decoding over shards: every host attends to its own; outputs are merged exactly, by log-sum-exp in fp32."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from transformers import Cache

from ..attention.attention import AttentionPass, Cancel, LayerAttention, Observer, additive_mask
from ..kv.cache import EngineLayer, buffer_cache
from ..models.model import LoadedModel
from .communicator import Communicator
from .prefill import Shard
from .settings import Layout

# Is called with every layer's index, its queries (1, query_heads, queries, head_dim), the log-sum-exp of their
# logits over all hosts' keys (query_heads, queries), and the scaling of logits.
ShardObserver = Callable[[int, Tensor, Tensor, float], None]


def shard_logits(query: Tensor, keys: Tensor, scaling: float) -> Tensor:
    """Return the attention logits of `query` (1, query_heads, queries, head_dim) on `keys` (1, kv_heads, keys,
    head_dim): fp32 (kv_heads, group, queries, keys)."""
    kv_heads, head_dim = keys.shape[1], keys.shape[3]
    packed = query[0].float().reshape(kv_heads, -1, head_dim)
    logits = (packed @ keys[0].float().transpose(1, 2)).mul_(scaling)
    return logits.view(kv_heads, -1, query.shape[2], keys.shape[2])


def partial(query: Tensor, keys: Tensor, values: Tensor, scaling: float, *, causal: bool) -> Tensor:
    """Attend to one shard alone: fp32 (query_heads, queries, head_dim + 1).

    The last number is the log-sum-exp of the logits, the others are the output. Causality is bottom-right if
    `causal`; otherwise every query sees every key.
    """
    logits = shard_logits(query, keys, scaling)
    kv_heads, group, queries, tokens = logits.shape
    if causal:
        logits += additive_mask(queries, tokens, None, logits.dtype, logits.device)[0]
    lse = logits.logsumexp(dim=-1, keepdim=True)
    attention_weights = (logits - lse).exp_().view(kv_heads, group * queries, tokens)
    out = (attention_weights @ values[0].float()).view(kv_heads, group, queries, -1)
    return torch.cat([out, lse], dim=-1).view(kv_heads * group, queries, -1)


def merge(parts: Tensor) -> Tensor:
    """Merge results of `partial`, (parts, query_heads, queries, head_dim + 1), into that over all keys."""
    lse = parts[..., -1:]
    total = lse.logsumexp(dim=0)
    out = ((lse - total).exp() * parts[..., :-1]).sum(dim=0)
    return torch.cat([out, total], dim=-1)


class _NothingKept(EngineLayer):
    """A cache layer for processes without the last host, which alone keeps the KV of new tokens."""

    is_initialized = True

    def update(self, key_states: Tensor, value_states: Tensor, *_: Any, **__: Any) -> tuple[Tensor, Tensor]:
        return key_states, value_states


class ShardedState:
    """A next-token model over the shards of all hosts, of which this process holds its own.

    `shards`: by host. All processes run the same tokens. The process that runs the last host keeps the KV of new
    tokens and has room for `room` of them.
    """

    def __init__(
        self, loaded: LoadedModel, layout: Layout, shards: dict[int, Shard], communicator: Communicator, room: int
    ) -> None:
        self._loaded = loaded
        self._layout = layout
        self.shards = shards
        self._communicator = communicator
        self._next_position = layout.tokens
        holds_new = layout.hosts - 1 in shards
        self._new = (
            buffer_cache(1, room, loaded.spec)
            if holds_new
            else Cache(layers=[_NothingKept() for _ in range(loaded.spec.layers)])
        )

    def step(
        self,
        token_ids: Sequence[int],
        observer: Observer | None = None,
        cancelled: Cancel | None = None,
    ) -> Tensor:
        """Append tokens; return log-probabilities of the next, fp32 (vocabulary,).

        Raises Cancelled, and ValueError if an observer is given, as no process has the keys of all hosts.
        """
        if observer is not None:
            raise ValueError(
                "no observer sees the keys of all hosts; use QuestionReading.attribute for the question"
            )
        return self.run(token_ids, [len(token_ids) - 1], None, cancelled)[0]

    @torch.inference_mode()
    def run(
        self,
        token_ids: Sequence[int],
        wanted: Sequence[int],
        observer: ShardObserver | None = None,
        cancelled: Cancel | None = None,
    ) -> Tensor:
        """Append tokens; return the log-probabilities of what follows each of those at the offsets `wanted`, fp32
        (wanted, vocabulary). Raises Cancelled."""
        device = self._loaded.spec.device
        start = self._next_position
        out = self._loaded.model(
            input_ids=torch.tensor([list(token_ids)], device=device),
            position_ids=torch.arange(start, start + len(token_ids), device=device)[None],
            past_key_values=self._new,
            use_cache=True,
            logits_to_keep=torch.tensor(list(wanted), device=device),
            attention_pass=AttentionPass(kernel=_OverShards(self, observer), cancelled=cancelled),
        )
        self._next_position += len(token_ids)
        return out.logits[0].float().log_softmax(dim=-1)

    def attend(self, layer: int, query: Tensor, new: tuple[Tensor, Tensor], scaling: float) -> Tensor:
        """Attend to all shards and the new tokens: fp32 (query_heads, queries, head_dim + 1) as in `partial`."""
        mine: list[Tensor] = []
        for host in self._communicator.here:
            shard = self.shards[host]
            part = partial(query, shard.keys[layer], shard.values[layer], scaling, causal=False)
            if host == self._layout.hosts - 1:
                own = partial(query, *new, scaling, causal=query.shape[2] > 1)
                part = merge(torch.stack([part, own]))
            mine.append(part)
        return merge(self._communicator.gather(torch.stack(mine)))


class _OverShards:
    """Attention kernel of one pass over the shards of all hosts."""

    def __init__(self, state: ShardedState, observer: ShardObserver | None) -> None:
        self._state, self._observer = state, observer

    def __call__(self, one: LayerAttention) -> Tensor:
        merged = self._state.attend(one.layer, one.query, (one.key, one.value), one.scaling)
        if self._observer is not None:
            self._observer(one.layer, one.query, merged[..., -1], one.scaling)
        return merged[None, ..., :-1].to(one.query.dtype).transpose(1, 2)
