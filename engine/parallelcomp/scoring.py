"""How well each chunk explains the question: the question's self-information given the chunk (step 3).

Only the question's tokens run, over KV that is already stored, many chunks in one pass; logits are computed at
question positions and nowhere else. The lowest score is the most relevant chunk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from . import attention
from .kv.cache import stored_cache
from .kv.stored import ChunkKV, Prefix, StoredKV
from .model import LoadedModel


@dataclass(frozen=True)
class Question:
    """The token ids that stand after the document.

    `preamble` joins the document to the question, `ids` are the question, and `suffix` begins the answer. Only
    `ids` are scored. The last preamble token predicts the first of them, so the preamble is never empty.
    """

    preamble: tuple[int, ...]
    ids: tuple[int, ...]
    suffix: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if not self.preamble or not self.ids:
            raise ValueError("a question needs at least one preamble token and one token of its own")

    @property
    def all_ids(self) -> tuple[int, ...]:
        return self.preamble + self.ids + self.suffix

    @property
    def scored(self) -> tuple[int, ...]:
        """All that must be run to score `ids`: their last token predicts nothing of them."""
        return self.preamble + self.ids[:-1]

    @property
    def asked(self) -> tuple[int, ...]:
        """All that must be run before the answer is opened."""
        return self.all_ids[: -len(self.last_ids)]

    @property
    def last_ids(self) -> tuple[int, ...]:
        """The tokens that the answer's first token is predicted from: the suffix, or the question's last token."""
        return self.suffix or self.ids[-1:]


@dataclass(frozen=True)
class ChunkScore:
    """`nll`: mean -log P of the question's tokens given the chunk, nats per token; `token_nll` each of them.

    `attention`: what the last question tokens pay to the chunk's tokens, fp32 (layers, kv_heads, tokens), as the
    eviction policy remembers it (by default summed over those tokens and over the query heads of a group); None
    where it was not asked for. `prior`: what other evidence than the model's says for the chunk, nats per question
    token; chunks are ranked by `nll - prior`.
    """

    index: int
    nll: float
    token_nll: tuple[float, ...]
    attention: Tensor | None = None
    prior: float = 0.0

    @property
    def rank(self) -> float:
        """Lowest is best: nats per question token."""
        return self.nll - self.prior


# From the attention weights of the observed queries (batch, kv_heads, group, queries, keys), and the number of keys
# that each query sees (batch or 1, queries), to what is remembered of every key (batch, kv_heads, keys).
Observe = Callable[[Tensor, Tensor], Tensor]


def total(attention_weights: Tensor, visible: Tensor) -> Tensor:
    """Attention summed over the queries and over the query heads of a group."""
    return attention_weights.sum(dim=(2, 3))


class AttentionRecorder:
    """Observer of the last `window` queries: what `observe` makes of them, (layers, batch, kv_heads, keys) fp32."""

    def __init__(self, window: int, observe: Observe = total) -> None:
        self.window = window
        self.layers: list[Tensor] = []
        self._observe = observe

    def __call__(self, layer: int, query: Tensor, key: Tensor, scaling: float, padding: Tensor | None) -> None:
        attention_weights = attention.weights(query, key, scaling, padding, self.window)
        visible = attention.visible_keys(attention_weights.shape[3], key.shape[2], padding, key.device)
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
    cancelled: Callable[[], bool] | None = None,
) -> list[tuple[list[float], Tensor | None]]:
    """Question token NLLs (nats) given each of `stored`, and attention (layers, kv_heads, tokens) if asked for.

    A stored KV of 0 tokens gives the question's NLL given the prefix alone. Raises Cancelled.
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
    cancelled: Callable[[], bool] | None = None,
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
    """-log P of `wanted` (batch, tokens) under `logits` (batch, tokens, vocabulary), one sequence at a time so
    that no second copy of all logits is made."""
    rows = [
        torch.logsumexp(row.float(), dim=-1) - row.float().gather(-1, target[:, None])[:, 0]
        for row, target in zip(logits, wanted, strict=True)
    ]
    return torch.stack(rows)
