"""Where the model looked: attention of the question's tokens on the document's tokens."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from . import attention
from .kv.context import Context
from .scoring import Question


class AttributionObserver:
    """Sums, per document token, the attention it receives, over heads and the layers of `layers`.

    Shown a context's passes one after another. `query_weights` (queries,) says how much each query counts; without
    them the queries of a pass count alike and as one together. In a mixture every chunk's sequence counts alike.
    """

    def __init__(
        self, context: Context, layers: Sequence[int], query_weights: Sequence[float] | None = None
    ) -> None:
        self._context = context
        self._layers = frozenset(layers)
        self._query_weights = query_weights
        self._sums: dict[int, Tensor] = {}

    def __call__(self, layer: int, query: Tensor, key: Tensor, scaling: float, padding: Tensor | None) -> None:
        if layer not in self._layers:
            return
        attention_weights = attention.weights(query, key, scaling, padding, query.shape[2])
        paid = (
            torch.einsum("bkgqt,q->bkt", attention_weights, self._weights(attention_weights))
            / attention_weights.shape[2]
        )
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

    def _weights(self, attention_weights: Tensor) -> Tensor:
        queries = attention_weights.shape[3]
        if self._query_weights is None:
            return attention_weights.new_full((queries,), 1 / queries)
        if len(self._query_weights) != queries:
            raise ValueError(f"{len(self._query_weights)} query weights do not fit a pass of {queries} tokens")
        return attention_weights.new_tensor(self._query_weights)

    def by_token(self, document_tokens: int) -> Tensor:
        """Attention per document token, fp32 (document_tokens,): mean over layers, summed over heads and passes."""
        total = torch.zeros(document_tokens)
        for layer, paid in self._sums.items():
            for sequence, slots in enumerate(self._context.slots[layer]):
                attention_weights = paid[sequence, :, -slots.tokens.shape[1] :].float().cpu()
                total.index_add_(0, slots.tokens.reshape(-1), attention_weights.reshape(-1))
        return total / max(len(self._sums), 1)


def content_layers(layers: int) -> range:
    """The layers whose attention is about content: from a third of depth to four fifths.

    Below, heads look at neighbours and sinks; above, at what comes next.
    """
    return range(layers // 3, math.ceil(layers * 0.8))


def question_weights(question: Question) -> list[float]:
    """Weights for a pass of `question.asked`: what the question looks at beyond what the lead looks at anyway.

    The lead ("Question:") looks at sinks, headings and the like just as the question does, but knows nothing of it.
    """
    own = len(question.asked) - len(question.preamble)
    return [-1 / len(question.preamble)] * len(question.preamble) + [1 / max(own, 1)] * own
