"""The anchor that every host but the first has in front of its block: prefix, question and the document's start."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ..attention.attention import AttentionPass, Cancel
from ..attention.limits import Limits
from ..kv.cache import buffer_cache
from ..models.model import LoadedModel
from ..scoring import Question


@dataclass(frozen=True)
class Anchor:
    """The KV of the anchor, which is read by itself from position 0 on and so is the same on every host.

    `keys` and `values`: per layer (1, kv_heads, tokens, head_dim). `queries`: per layer the queries of the
    question, (query_heads, question tokens, head_dim), rotated at the positions from `question_start` on.
    `scaling`: the factor by which the model scales attention logits.
    """

    keys: tuple[Tensor, ...]
    values: tuple[Tensor, ...]
    queries: tuple[Tensor, ...]
    question_start: int
    scaling: float

    @property
    def tokens(self) -> int:
        return self.keys[0].shape[2]


class _QueryRecorder:
    """Observer that copies the queries of some tokens of the pass, in every layer."""

    def __init__(self, tokens: slice) -> None:
        self.tokens = tokens
        self.queries: list[Tensor] = []
        self.scaling = 1.0

    def __call__(
        self, layer: int, query: Tensor, key: Tensor, scaling: float, padding: Tensor | None, limits: Limits
    ) -> None:
        self.queries.append(query[0, :, self.tokens].clone())
        self.scaling = scaling


@torch.inference_mode()
def read_anchor(
    loaded: LoadedModel,
    prefix_ids: Sequence[int],
    question: Question,
    start_ids: Sequence[int],
    cancelled: Cancel | None = None,
) -> Anchor:
    """Read the anchor: prefix, the question with its preamble, and `start_ids`, the document's first tokens.

    Raises Cancelled.
    """
    spec = loaded.spec
    ids = [*prefix_ids, *question.preamble, *question.ids, *start_ids]
    first = len(prefix_ids) + len(question.preamble)
    recorder = _QueryRecorder(slice(first, first + len(question.ids)))
    cache = buffer_cache(1, len(ids), spec)
    loaded.model.base_model(
        input_ids=torch.tensor([ids], device=spec.device),
        position_ids=torch.arange(len(ids), device=spec.device)[None],
        past_key_values=cache,
        use_cache=True,
        attention_pass=AttentionPass(observer=recorder, cancelled=cancelled),
    )
    keys, values = zip(*(layer.used for layer in cache.layers), strict=True)
    return Anchor(keys, values, tuple(recorder.queries), first, recorder.scaling)
