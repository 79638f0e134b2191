"""Attribution: how much attention the question's tokens pay to each of the document's tokens."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from .attention import attention
from .attention.limits import Limits
from .kv.context import Context
from .models.model import ModelSpec
from .scoring import Question


class AttributionObserver:
    """Observer that sums the attention on each document token, over heads and over the layers in `layers`.

    It may observe several passes over one context. `query_weights` (queries,) are the weights of a pass's queries;
    without them every query of a pass weighs 1 / queries. In a mixture every chunk's sequence weighs the same.
    """

    def __init__(
        self, context: Context, layers: Sequence[int], query_weights: Sequence[float] | None = None
    ) -> None:
        self._context = context
        self._layers = frozenset(layers)
        self._query_weights = query_weights
        self._sums: dict[int, Tensor] = {}

    def __call__(
        self, layer: int, query: Tensor, key: Tensor, scaling: float, padding: Tensor | None, limits: Limits
    ) -> None:
        if layer not in self._layers:
            return
        attention_weights = attention.weights(query, key, scaling, padding, query.shape[2], limits)
        group = attention_weights.shape[2]
        paid = torch.einsum("bkgqt,q->bkt", attention_weights, self._weights_of(attention_weights)) / group
        context_slots = max(slots.tokens.shape[1] for slots in self._context.slots[layer])
        first = self._context.prefix_tokens
        if padding is not None:
            # The sequences are aligned to the right, so that the document's part ends at the same slot in all.
            longest = first + context_slots
            paid = paid[:, :, :longest]
        else:
            paid = paid[:, :, first : first + context_slots]
        known = self._sums.get(layer)
        self._sums[layer] = paid if known is None else known + paid

    def _weights_of(self, attention_weights: Tensor) -> Tensor:
        """The weight of each query of a pass: (queries,)."""
        queries = attention_weights.shape[3]
        if self._query_weights is None:
            return attention_weights.new_full((queries,), 1 / queries)
        if len(self._query_weights) != queries:
            raise ValueError(f"{len(self._query_weights)} query weights do not fit a pass of {queries} tokens")
        return attention_weights.new_tensor(self._query_weights)

    def by_token(self, document_tokens: int) -> Tensor:
        """Return the attention on each document token, fp32 (document_tokens,): the mean over layers of the sum
        over KV heads and passes."""
        total = torch.zeros(document_tokens)
        for layer, paid in self._sums.items():
            for sequence, slots in enumerate(self._context.slots[layer]):
                of_sequence = paid[sequence, :, -slots.tokens.shape[1] :].float().cpu()
                total.index_add_(0, slots.tokens.reshape(-1), of_sequence.reshape(-1))
        return total / max(len(self._sums), 1)


def content_layers(layers: int) -> range:
    """Return the layers whose attention is about content: from a third of the depth to four fifths.

    In lower layers heads attend to neighbours and sinks, in higher ones to what helps with the next token.
    """
    return range(layers // 3, math.ceil(layers * 0.8))


def observed_layers(spec: ModelSpec) -> list[int]:
    """Return the content layers of a model that see all positions: sliding ones see only the ends of chunks."""
    content = content_layers(spec.layers)
    return [layer for layer in spec.full_layers if layer in content] or spec.full_layers


def question_weights(question: Question) -> list[float]:
    """Return query weights for a pass of `question.asked`: the question's tokens count for, the preamble's against.

    The preamble ("Question:") attends to sinks and headings as the question does, but knows nothing of the
    question. The difference is what the question itself attends to.
    """
    own = len(question.asked) - len(question.preamble)
    return [-1 / len(question.preamble)] * len(question.preamble) + [1 / max(own, 1)] * own
