"""How well each chunk explains the question: the question's self-information given the chunk (step 3).

Only the question's tokens run, over KV that is already stored and for many chunks in one pass. Logits are computed
at question positions alone. The chunk with the lowest score is the most relevant.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from .attention import attention
from .attention.attention import Cancel
from .attention.limits import Limits
from .kv.cache import stored_cache
from .kv.stored import ChunkKV, Prefix, StoredKV
from .models.model import LoadedModel


@dataclass(frozen=True)
class Question:
    """The token ids that stand after the document.

    `preamble` leads from the document to the question ("Question:"), `ids` are the question itself, and `suffix`
    leads from the question to the answer. Only `ids` are scored. The preamble's last token predicts the first of
    them. Raises ValueError if `preamble` or `ids` is empty.
    """

    preamble: tuple[int, ...]
    ids: tuple[int, ...]
    suffix: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if not self.preamble or not self.ids:
            raise ValueError("a question needs at least one preamble token and one token of its own")

    @property
    def all_ids(self) -> tuple[int, ...]:
        """Preamble, question and suffix."""
        return self.preamble + self.ids + self.suffix

    @property
    def scored(self) -> tuple[int, ...]:
        """The tokens that must be run to score `ids`; the last of `ids` predicts none of them."""
        return self.preamble + self.ids[:-1]

    @property
    def asked(self) -> tuple[int, ...]:
        """All tokens but `last_ids`."""
        return self.all_ids[: -len(self.last_ids)]

    @property
    def last_ids(self) -> tuple[int, ...]:
        """The tokens that are run last before the answer: the suffix, or else the question's last token."""
        return self.suffix or self.ids[-1:]


@dataclass(frozen=True)
class ChunkScore:
    """How well the chunk with this index explains a question.

    `nll`: the mean of `token_nll`, the -log P of each of the question's tokens given the chunk, in nats per token.
    `attention`: the attention of the last question tokens on the chunk's tokens, fp32 (layers, kv_heads, tokens),
    as the eviction policy observes it (by default summed over those tokens and over the query heads of a group);
    None where it was not observed. `prior`: evidence for the chunk from other sources than the model, in nats per
    question token; chunks are ranked by `nll - prior`.
    """

    index: int
    nll: float
    token_nll: tuple[float, ...]
    attention: Tensor | None = None
    prior: float = 0.0

    @property
    def rank(self) -> float:
        """Nats per question token; the lowest is the best."""
        return self.nll - self.prior


@dataclass(frozen=True)
class RescoredSpan:
    """A short span that was read again by itself, and the question's NLL given it, in nats over all tokens."""

    nll: float
    read: ChunkKV


# Takes the attention weights of the observed queries (batch, kv_heads, group, queries, keys) and the number of keys
# that each query sees (batch or 1, queries); returns one number for every key (batch, kv_heads, keys).
Observe = Callable[[Tensor, Tensor], Tensor]


def total(attention_weights: Tensor, visible: Tensor) -> Tensor:
    """Sum attention over the queries and over the query heads of a group: an `Observe`."""
    return attention_weights.sum(dim=(2, 3))


class AttentionRecorder:
    """Observer of the last `window` queries. `layers`: what `observe` returns, each (batch, kv_heads, keys)."""

    def __init__(self, window: int, observe: Observe = total) -> None:
        self.window = window
        self.layers: list[Tensor] = []
        self._observe = observe

    def __call__(
        self, layer: int, query: Tensor, key: Tensor, scaling: float, padding: Tensor | None, limits: Limits
    ) -> None:
        attention_weights = attention.weights(query, key, scaling, padding, self.window, limits)
        queries, keys = attention_weights.shape[3:]
        visible = attention.visible_keys(queries, keys, padding, key.device, limits)
        self.layers.append(self._observe(attention_weights, visible))


@torch.inference_mode()
def score_batch(
    loaded: LoadedModel,
    prefix: Prefix,
    stored: Sequence[StoredKV],
    question: Question,
    *,
    observation_window: int | None = None,
    observe: Observe = total,
    cancelled: Cancel | None = None,
) -> list[tuple[list[float], Tensor | None]]:
    """Return, for each of `stored`, the question's token NLLs in nats and its attention (layers, kv_heads, tokens).

    The attention is None without an `observation_window`. Stored KV of 0 tokens gives the question's NLL given the
    prefix alone. Raises Cancelled.
    """
    spec = loaded.spec
    ids = question.scored if observation_window is None else question.preamble + question.ids
    cache, workspace = stored_cache(prefix, stored, len(ids), spec)
    starts = torch.tensor([len(prefix) + kv.tokens for kv in stored], device=spec.device)
    first = len(question.preamble) - 1  # the position that predicts the first token of the question
    recorder = AttentionRecorder(observation_window, observe) if observation_window else None
    out = loaded.model(
        input_ids=torch.tensor([ids], device=spec.device).expand(len(stored), -1),
        position_ids=starts[:, None] + torch.arange(len(ids), device=spec.device),
        past_key_values=cache,
        use_cache=True,
        logits_to_keep=torch.arange(first, first + len(question.ids), device=spec.device),
        attention_pass=attention.AttentionPass(padding=workspace.padding, observer=recorder, cancelled=cancelled),
    )
    wanted = torch.tensor(question.ids, device=spec.device).expand(len(stored), -1)
    nll = token_nll_of(out.logits, wanted).tolist()
    if recorder is None:
        return [(row, None) for row in nll]
    seen = torch.stack(recorder.layers)
    results: list[tuple[list[float], Tensor | None]] = []
    for sequence, kv in enumerate(stored):
        begin = workspace.longest - kv.tokens + len(prefix)
        results.append((nll[sequence], seen[:, sequence, :, begin : begin + kv.tokens].cpu()))
    return results


def score(
    loaded: LoadedModel,
    prefix: Prefix,
    chunks: Sequence[ChunkKV],
    question: Question,
    *,
    batch: int,
    observation_window: int | None = None,
    observe: Observe = total,
    cancelled: Cancel | None = None,
) -> Iterator[ChunkScore]:
    """Score every chunk, `batch` at a time, in order of length so that little is padded. Raises Cancelled."""
    ordered = sorted(chunks, key=lambda one: one.kv.tokens)
    for first in range(0, len(ordered), batch):
        group = ordered[first : first + batch]
        results = score_batch(
            loaded,
            prefix,
            [one.kv for one in group],
            question,
            observation_window=observation_window,
            observe=observe,
            cancelled=cancelled,
        )
        for one, (token_nll, seen) in zip(group, results, strict=True):
            yield ChunkScore(one.chunk.index, sum(token_nll) / len(token_nll), tuple(token_nll), seen)


def token_nll_of(logits: Tensor, wanted: Tensor) -> Tensor:
    """Return -log P in nats of `wanted` (batch, tokens) under `logits` (batch, tokens, vocabulary).

    One sequence is taken at a time, so that there is no second copy of all logits."""
    rows = [
        torch.logsumexp(row.float(), dim=-1) - row.float().gather(-1, target[:, None])[:, 0]
        for row, target in zip(logits, wanted, strict=True)
    ]
    return torch.stack(rows)
