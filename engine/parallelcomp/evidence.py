"""Where the model looked: attention of the question's and the answer's tokens on the document's tokens."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from . import attention
from .assembly import Context
from .config import LayerRange


class EvidenceObserver:
    """Sums, per document token, the attention it receives, over heads and the layers of `layers`.

    Shown a context's passes one after another; `weight` says how much one token of the present pass counts.
    """

    def __init__(self, context: Context, layers: Sequence[int]) -> None:
        self._context = context
        self._layers = frozenset(layers)
        self._sums: dict[int, Tensor] = {}
        self._queries = 0

    def __call__(self, layer: int, query: Tensor, key: Tensor, scaling: float, padding: Tensor | None) -> None:
        if layer not in self._layers:
            return
        shares = attention.weights(query, key, scaling, padding, query.shape[2])
        paid = shares.sum(dim=(2, 3)) / (shares.shape[2] * shares.shape[3])  # mean share: (batch, kv_heads, keys)
        context_slots = max(slots.tokens.shape[1] for slots in self._context.slots[layer])
        first = self._context.prefix_tokens
        if padding is not None:
            # Right-aligned sequences: every one's document ends at the same slot.
            longest = first + context_slots
            paid = paid[:, :, :longest]
        else:
            paid = paid[:, :, first : first + context_slots]
        known = self._sums.get(layer)
        self._sums[layer] = paid if known is None else known + paid

    def by_token(self, document_tokens: int) -> Tensor:
        """Attention per document token, fp32 (document_tokens,): mean over layers, summed over heads and passes."""
        total = torch.zeros(document_tokens)
        for layer, paid in self._sums.items():
            for sequence, slots in enumerate(self._context.slots[layer]):
                shares = paid[sequence, :, -slots.tokens.shape[1] :].float().cpu()
                total.index_add_(0, slots.tokens.reshape(-1), shares.reshape(-1))
        return total / max(len(self._sums), 1)


def upper_layers(layers: int, start: float = 0.5) -> range:
    """The layers from the fraction `start` of depth upwards, where attention is about content."""
    return LayerRange(start, 1.0).indices(layers)
