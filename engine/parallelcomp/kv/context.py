"""The KV that a question and its answer attend to, and which document token each of its slots holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor
from transformers import Cache


@dataclass(frozen=True)
class Slots:
    """Which document token each context slot of one layer holds, after the prefix.

    All are int64 (kv_heads, slots) on the CPU. `tokens`: offsets of tokens in the document. `local`: offsets of the
    same tokens in their chunk. `lengths`: the length in tokens of the chunk that the token belongs to.
    """

    tokens: Tensor
    local: Tensor
    lengths: Tensor

    def pick(self, indices: Tensor) -> Slots:
        """Return the slots at `indices` alone, int64 (kv_heads, fewer slots)."""
        return Slots(*(field.gather(1, indices) for field in (self.tokens, self.local, self.lengths)))


@dataclass
class Context:
    """KV that the question and the answer attend to.

    `cache` holds (batch, kv_heads, slots, head_dim) per layer; layers may differ in length. `slots` says per layer
    and per sequence of the batch what the slots after the prefix hold. `next_position` (batch,) is the position of
    the next token. `padding` (batch,) counts the leading slots that hold nothing; None if there are none.
    """

    cache: Cache
    prefix_tokens: int
    slots: list[list[Slots]]
    next_position: Tensor
    padding: Tensor | None = None
    _positions: dict[int, Tensor] = field(default_factory=dict, repr=False)

    @property
    def kept_tokens(self) -> int:
        """Document tokens in the context, averaged over layers, which may differ."""
        per_layer = [sum(slots.tokens.shape[1] for slots in layer) for layer in self.slots]
        return round(sum(per_layer) / len(per_layer))

    def key_positions(self, layer: int, keys: int, after: Tensor) -> Tensor:
        """Return the positions of a layer's `keys` filled slots: int64 (batch, kv_heads, keys).

        `after` (batch,) is the position behind the last of them. Padding gets positions, too, which mean nothing.
        """
        if layer not in self._positions:
            self._positions[layer] = self._document_positions(layer).to(after.device)
        document = self._positions[layer]
        appended = keys - document.shape[2]
        behind = after[:, None] + torch.arange(-appended, 0, device=after.device)
        return torch.cat([document, behind[:, None].expand(-1, document.shape[1], -1)], dim=2)

    def _document_positions(self, layer: int) -> Tensor:
        """Return the positions of padding, prefix and kept chunks: int64 (batch, kv_heads, slots)."""
        missing = [0] * len(self.slots[layer]) if self.padding is None else self.padding.tolist()
        rows: list[Tensor] = []
        for slots, padded in zip(self.slots[layer], missing, strict=True):
            before = torch.arange(-padded, self.prefix_tokens).expand(len(slots.local), -1)
            rows.append(torch.cat([before, slots.local + self.prefix_tokens], dim=1))
        return torch.stack(rows)

    def take_back(self, tokens: int) -> None:
        """Forget the last `tokens` tokens, which were appended to what was put together."""
        self.next_position = self.next_position - tokens
        for layer in self.cache.layers:
            layer.length -= tokens

    def keep_sequences(self, kept: Sequence[int]) -> None:
        """Hold these sequences of the batch alone from now on."""
        self._positions.clear()
        rows = torch.tensor(kept, dtype=torch.long, device=self.next_position.device)
        self.next_position = self.next_position[rows]
        self.padding = None if self.padding is None else self.padding[rows]
        self.slots = [[layer[row] for row in kept] for layer in self.slots]
        for layer in self.cache.layers:
            layer.keep_sequences(rows)
