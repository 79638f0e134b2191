"""Several questions scored on one chunk at once, its attention computed once for all: after arXiv 2403.08845.

The questions stand side by side behind the context in one sequence, each at the same positions and unseen by the
others. So every read of the context's keys and values, and every pass over the weights, serves all of them. The
paper merges two partial attentions; here all queries are rows of one kernel call, which gives the same numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor

from . import attention
from .attention import AttentionPass, Mask
from .kv.cache import stored_cache
from .kv.stored import ChunkKV, Prefix, StoredKV
from .model import LoadedModel
from .scoring import ChunkScore, Observe, Question, token_nll_of, total

Cancel = Callable[[], bool]
# For each question, token NLLs and attention given one chunk, as `scoring.score_batch` returns them.
Results = list[tuple[list[float], Tensor | None]]


class SharedContext:
    """Attention kernel for questions that share a context. `owners` says whose every slot behind the context is."""

    def __init__(self) -> None:
        self.owners: list[int] = []
        self._masks: dict[tuple[int, int], Mask] = {}  # of this pass, by query heads a group and keys

    def append(self, owner: int, tokens: int) -> None:
        """The next `tokens` slots are those of question `owner`."""
        self.owners += [owner] * tokens
        self._masks.clear()

    def __call__(
        self, layer: int, query: Tensor, key: Tensor, value: Tensor, scaling: float, asked: AttentionPass
    ) -> Tensor:
        keys, group = key.shape[2], query.shape[1] // key.shape[1]
        if (group, keys) not in self._masks:
            mask = self.mask(query.shape[2], keys, asked.padding, query.dtype, query.device)
            self._masks[group, keys] = Mask.of(mask, group, asked.padding, len(self.owners))
        return attention.packed(query, key, value, scaling, self._masks[group, keys])

    def mask(
        self, queries: int, keys: int, padding: Tensor | None, dtype: torch.dtype, device: torch.device
    ) -> Tensor:
        """Additive (batch or 1, 1, queries, keys): the context, and what a question's own tokens before said."""
        owners = torch.tensor(self.owners, device=device)
        foreign = owners[None, :] != owners[-queries:, None]
        mask = attention.additive_mask(queries, keys, padding, dtype, device)
        mask[..., keys - len(self.owners) :].masked_fill_(foreign, float("-inf"))
        return mask


class SharedRecorder:
    """Observer of the last `windows[q]` tokens of each question q: one AttentionRecorder for every one of them.

    `layers[q]`: what `observe` makes of them, (layers, batch, kv_heads, keys) fp32.
    """

    def __init__(self, shared: SharedContext, windows: Sequence[int], observe: Observe) -> None:
        self.layers: list[list[Tensor]] = [[] for _ in windows]
        self._shared, self._windows, self._observe = shared, windows, observe

    def __call__(self, layer: int, query: Tensor, key: Tensor, scaling: float, padding: Tensor | None) -> None:
        mask = self._shared.mask(query.shape[2], key.shape[2], padding, torch.float32, query.device)
        for owner, window in enumerate(self._windows):
            rows = [row for row, other in enumerate(self._shared.owners) if other == owner][-window:]
            seen = mask[:, :, rows]
            attention_weights = attention.masked_weights(query[:, :, rows], key, scaling, seen)
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
    """For each of `stored`, every question's token NLLs and attention: `scoring.score_batch` for many questions.

    Each stored KV is read (and dequantised) once. `windows`: how many last tokens of each question are observed.
    Raises Cancelled.
    """
    spec = loaded.spec
    shared = SharedContext()
    ids: list[int] = []
    places: list[int] = []  # a token's place in its own question
    predicting: list[int] = []  # positions of the logits that predict the questions' own tokens
    for owner, question in enumerate(questions):
        first = len(ids) + len(question.preamble) - 1
        predicting += range(first, first + len(question.ids))
        scored = question.scored if windows is None else question.preamble + question.ids
        ids += scored
        places += range(len(scored))
        shared.append(owner, len(scored))
    cache, workspace = stored_cache(prefix, stored, len(ids), spec)
    starts = torch.tensor([len(prefix) + kv.tokens for kv in stored], device=spec.device)
    recorder = SharedRecorder(shared, windows, observe) if windows is not None else None
    out = loaded.model(
        input_ids=torch.tensor([ids], device=spec.device).expand(len(stored), -1),
        position_ids=starts[:, None] + torch.tensor(places, device=spec.device),
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
    """The scores of a chunk by every question, chunk by chunk in order of length. Raises Cancelled.

    A pass holds `batch` pairs of a chunk and a question: several chunks where the questions are few, several passes
    over a chunk where they are more than that.
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
