"""Several questions scored in one pass over a chunk, after bifurcated attention (arXiv 2403.08845).

The questions stand one after another behind the context in one sequence, but each at the positions right after the
context and hidden from the others. So one reading of the context's keys and values, and of the model's weights,
serves all questions. The paper merges two partial attentions; here all queries are rows of one kernel call, which
gives the same numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from .attention import attention
from .attention.attention import AttentionPass, Cancel, LayerAttention, Mask
from .attention.limits import PLAIN, Limits
from .kv.cache import stored_cache
from .kv.stored import ChunkKV, Prefix, StoredKV
from .models.model import LoadedModel
from .scoring import ChunkScore, Observe, Question, token_nll_of, total

# For each question its token NLLs and its attention given one chunk, as in `scoring.score_batch`.
Results = list[tuple[list[float], Tensor | None]]


class SharedContext:
    """Attention kernel for questions that share a context.

    `owners`: the question of each slot behind the context.
    """

    def __init__(self) -> None:
        self.owners: list[int] = []
        self._masks: dict[tuple[int, int], Mask] = {}  # of this pass, by query heads in a group and keys

    def append(self, owner: int, tokens: int) -> None:
        """Give the next `tokens` slots to question `owner`."""
        self.owners += [owner] * tokens
        self._masks.clear()

    def __call__(self, one: LayerAttention) -> Tensor:
        query, key, padding, limits = one.query, one.key, one.attention_pass.padding, one.limits
        queries, keys, group = query.shape[2], key.shape[2], query.shape[1] // key.shape[1]
        if limits is not PLAIN:
            mask = self.mask(queries, keys, padding, torch.float32, query.device, limits)
            seen = attention.masked_weights(query, key, one.scaling, mask, limits.sinks)
            return attention.weighted(seen, one.value)
        if (group, keys) not in self._masks:
            mask = self.mask(queries, keys, padding, query.dtype, query.device)
            self._masks[group, keys] = Mask.of(mask, group, padding, len(self.owners))
        return attention.packed(query, key, one.value, one.scaling, self._masks[group, keys])

    def mask(
        self,
        queries: int,
        keys: int,
        padding: Tensor | None,
        dtype: torch.dtype,
        device: torch.device,
        limits: Limits = PLAIN,
    ) -> Tensor:
        """Return an additive mask (batch or 1, 1, queries, keys) under which a query sees the context and the
        earlier tokens of its own question."""
        owners = torch.tensor(self.owners, device=device)
        foreign = owners[None, :] != owners[-queries:, None]
        if limits.window is not None:
            limits = replace(limits, key_positions=self._positions(keys, device))
        mask = attention.additive_mask(queries, keys, padding, dtype, device, limits)
        mask[..., keys - len(self.owners) :].masked_fill_(foreign, float("-inf"))
        return mask

    def _positions(self, keys: int, device: torch.device) -> Tensor:
        """Return the positions of `keys` slots, int64 (1, 1, keys); every question begins behind the context."""
        context = keys - len(self.owners)
        positions = list(range(context))
        following: dict[int, int] = {}  # the next position of each question
        for owner in self.owners:
            positions.append(following.get(owner, context))
            following[owner] = positions[-1] + 1
        return torch.tensor(positions, device=device)[None, None]


class SharedRecorder:
    """Observer of the last `windows[q]` tokens of each question q: an AttentionRecorder for each of them.

    `layers[q]`: what `observe` returns for them in each layer, fp32 (batch, kv_heads, keys).
    """

    def __init__(self, shared: SharedContext, windows: Sequence[int], observe: Observe) -> None:
        self.layers: list[list[Tensor]] = [[] for _ in windows]
        self._shared, self._windows, self._observe = shared, windows, observe

    def __call__(
        self, layer: int, query: Tensor, key: Tensor, scaling: float, padding: Tensor | None, limits: Limits
    ) -> None:
        mask = self._shared.mask(query.shape[2], key.shape[2], padding, torch.float32, query.device, limits)
        for owner, window in enumerate(self._windows):
            rows = [row for row, other in enumerate(self._shared.owners) if other == owner][-window:]
            seen = mask[:, :, rows]
            attention_weights = attention.masked_weights(query[:, :, rows], key, scaling, seen, limits.sinks)
            self.layers[owner].append(self._observe(attention_weights, (seen[:, 0] == 0).sum(dim=-1)))


@torch.inference_mode()
def score_together(
    loaded: LoadedModel,
    prefix: Prefix,
    stored: Sequence[StoredKV],
    questions: Sequence[Question],
    *,
    windows: Sequence[int] | None = None,
    observe: Observe = total,
    cancelled: Cancel | None = None,
) -> list[Results]:
    """Return, for each of `stored`, every question's token NLLs (nats) and attention, as in `scoring.score_batch`.

    Each stored KV is read (and dequantised) once. `windows`: how many of each question's last tokens are observed;
    None observes none. Raises Cancelled.
    """
    spec = loaded.spec
    shared = SharedContext()
    ids: list[int] = []
    offsets: list[int] = []  # of every token in its own question
    predicting: list[int] = []  # positions of the logits that predict the questions' own tokens
    for owner, question in enumerate(questions):
        first = len(ids) + len(question.preamble) - 1
        predicting += range(first, first + len(question.ids))
        scored = question.scored if windows is None else question.preamble + question.ids
        ids += scored
        offsets += range(len(scored))
        shared.append(owner, len(scored))
    cache, workspace = stored_cache(prefix, stored, len(ids), spec)
    starts = torch.tensor([len(prefix) + kv.tokens for kv in stored], device=spec.device)
    recorder = SharedRecorder(shared, windows, observe) if windows is not None else None
    out = loaded.model(
        input_ids=torch.tensor([ids], device=spec.device).expand(len(stored), -1),
        position_ids=starts[:, None] + torch.tensor(offsets, device=spec.device),
        past_key_values=cache,
        use_cache=True,
        logits_to_keep=torch.tensor(predicting, device=spec.device),
        attention_pass=AttentionPass(workspace.padding, recorder, kernel=shared, cancelled=cancelled),
    )
    own = [token for question in questions for token in question.ids]
    nll = token_nll_of(out.logits, torch.tensor(own, device=spec.device).expand(len(stored), -1))
    of_questions = [part.tolist() for part in nll.split([len(question.ids) for question in questions], dim=1)]
    results: list[Results] = []
    for sequence, kv in enumerate(stored):
        begin = workspace.longest - kv.tokens + len(prefix)
        seen: list[Tensor | None] = [None] * len(questions)
        if recorder is not None:
            seen = [
                torch.stack([layer[sequence, :, begin : begin + kv.tokens] for layer in layers]).cpu()
                for layers in recorder.layers
            ]
        results.append([(rows[sequence], paid) for rows, paid in zip(of_questions, seen, strict=True)])
    return results


def score_many(
    loaded: LoadedModel,
    prefix: Prefix,
    chunks: Sequence[ChunkKV],
    questions: Sequence[Question],
    *,
    batch: int,
    windows: Sequence[int] | None = None,
    observe: Observe = total,
    cancelled: Cancel | None = None,
) -> Iterator[list[ChunkScore]]:
    """Yield the scores of a chunk by every question, chunk by chunk in order of length. Raises Cancelled.

    A pass holds up to `batch` pairs of a chunk and a question: several chunks if the questions are few, and several
    passes over one chunk if there are more questions than that.
    """
    ordered = sorted(chunks, key=lambda one: one.kv.tokens)
    at_once = max(1, batch // len(questions))
    for first in range(0, len(ordered), at_once):
        group = ordered[first : first + at_once]
        results: list[Results] = [[] for _ in group]
        for start in range(0, len(questions), batch):
            part = slice(start, start + batch)
            scored = score_together(
                loaded,
                prefix,
                [one.kv for one in group],
                questions[part],
                windows=None if windows is None else windows[part],
                observe=observe,
                cancelled=cancelled,
            )
            for known, new in zip(results, scored, strict=True):
                known += new
        for one, by_question in zip(group, results, strict=True):
            yield [ChunkScore(one.chunk.index, sum(nll) / len(nll), tuple(nll), seen) for nll, seen in by_question]
