"""How a host reads its block: every layer passes on the useful part of it, and attends to what came before.

A layer's keys are in the order passing blocks, anchor, block. So the engine's causality is right as it is: a token
of the block sees all passing blocks, the whole anchor, and the block up to itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from transformers import Cache

from ..attention.attention import AttentionPass, Cancel
from ..kv.cache import EngineLayer
from ..models.model import LoadedModel
from .anchor import Anchor
from .communicator import Communicator
from .compressor import compress
from .settings import Layout


@dataclass(frozen=True)
class Shard:
    """A block's KV, per layer (1, kv_heads, tokens, head_dim); the block starts at position `start`."""

    start: int
    keys: tuple[Tensor, ...]
    values: tuple[Tensor, ...]


@dataclass(frozen=True)
class Host:
    """One host of a reading. `anchor` is None if the layout has none."""

    loaded: LoadedModel
    layout: Layout
    anchor: Anchor | None
    communicator: Communicator
    index: int

    def before(self, layer: int, keys: Tensor, values: Tensor) -> list[tuple[Tensor, Tensor]]:
        """Return the keys and values that stand before the block's own, `keys` and `values`, in this layer.

        All are (1, kv_heads, tokens, head_dim). Passes on the useful part of the block's.
        """
        found: list[tuple[Tensor, Tensor]] = []
        if self.layout.passing_tokens:
            passed = self.communicator.exchange(layer, self.index, self._passing(layer, keys[0], values[0]))
            found.append((passed[0][None], passed[1][None]))
        if self.anchor is not None and self.index > 0:
            found.append((self.anchor.keys[layer], self.anchor.values[layer]))
        return found

    def _passing(self, layer: int, keys: Tensor, values: Tensor) -> Tensor:
        """Return the part of the block's KV that is passed on: (2, kv_heads, passing tokens, head_dim)."""
        layout = self.layout
        if self.index == layout.hosts - 1:  # no host comes after it, and its block may be shorter
            return keys.new_zeros(2, keys.shape[0], layout.passing_tokens, keys.shape[2])
        if layout.passing_tokens == layout.block_tokens:
            return torch.stack([keys, values])
        assert self.anchor is not None
        anchored = layout.anchored if self.index == 0 else 0
        stop = layout.span(self.index).stop
        return compress(self.loaded, self.anchor, layer, (keys, values), stop, layout.passing_tokens, anchored)


class BlockLayer(EngineLayer):
    """A cache layer that keeps its block's KV alone; what stands before the block is dropped after attention."""

    def __init__(self, host: Host, layer: int) -> None:
        super().__init__()
        self.host, self.layer = host, layer
        self.is_initialized = True

    def update(self, key_states: Tensor, value_states: Tensor, *_: Any, **__: Any) -> tuple[Tensor, Tensor]:
        # Copied where they are views, since some models compute them as parts of a larger tensor.
        self.keys, self.values = key_states.contiguous(), value_states.contiguous()
        parts = [*self.host.before(self.layer, self.keys, self.values), (self.keys, self.values)]
        keys, values = zip(*parts, strict=True)
        return torch.cat(keys, dim=2), torch.cat(values, dim=2)


@torch.inference_mode()
def read_block(host: Host, token_ids: Sequence[int], cancelled: Cancel | None = None) -> Shard:
    """Read `token_ids`, the block of one host, at its true positions. Raises Cancelled."""
    spec = host.loaded.spec
    span = host.layout.span(host.index)
    layers = [BlockLayer(host, layer) for layer in range(spec.layers)]
    host.loaded.model.base_model(
        input_ids=torch.tensor([list(token_ids)], device=spec.device),
        position_ids=torch.arange(span.start, span.stop, device=spec.device)[None],
        past_key_values=Cache(layers=layers),
        use_cache=True,
        attention_pass=AttentionPass(cancelled=cancelled),
    )
    return Shard(span.start, tuple(one.keys for one in layers), tuple(one.values for one in layers))
