"""Several questions to one context at once, its attention computed once for all: after arXiv 2403.08845.

The questions stand side by side behind the context in one sequence, each at the same positions and unseen by the
others. So every read of the context's keys and values, and every pass over the weights, serves all of them. The
paper merges two partial attentions; here all queries are rows of one kernel call, which gives the same numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import torch
from torch import Tensor

from . import attention
from .attention import AttentionPass, Mask
from .config import Composition, EngineConfig, Sampling
from .context.assembly import assemble
from .decoding.decode import draw, processors
from .errors import Cancelled
from .kv.cache import stored_cache
from .kv.context import Context
from .kv.stored import ChunkKV, Prefix, StoredKV
from .model import LoadedModel
from .policies import policy_of
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
            shares = attention.masked_weights(query[:, :, rows], key, scaling, seen)
            self.layers[owner].append(self._observe(shares, (seen[:, 0] == 0).sum(dim=-1)))


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
        first = len(ids) + len(question.lead) - 1
        predicting += range(first, first + len(question.ids))
        scored = question.scored if windows is None else question.lead + question.ids
        ids += scored
        places += range(len(scored))
        shared.append(owner, len(scored))
    cache, scratch = stored_cache(prefix, stored, len(ids), spec)
    starts = torch.tensor([len(prefix) + kv.tokens for kv in stored], device=spec.device)
    recorder = SharedRecorder(shared, windows, observe) if windows is not None else None
    out = loaded.model(
        input_ids=torch.tensor([ids], device=spec.device).expand(len(stored), -1),
        position_ids=starts[:, None] + torch.tensor(places, device=spec.device),
        past_key_values=cache,
        use_cache=True,
        logits_to_keep=torch.tensor(predicting, device=spec.device),
        attention_pass=AttentionPass(scratch.padding, recorder, kernel=shared, cancelled=cancelled),
    )
    own = [token for question in questions for token in question.ids]
    nll = token_nll_of(out.logits, torch.tensor(own, device=spec.device).expand(len(stored), -1))
    of_questions = [part.tolist() for part in nll.split([len(question.ids) for question in questions], dim=1)]
    results: list[Results] = []
    for sequence, kv in enumerate(stored):
        begin = scratch.longest - kv.tokens + len(prefix)
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


class SharedState:
    """Several questions and their answers behind one context, in one sequence."""

    def __init__(self, loaded: LoadedModel, context: Context, questions: int) -> None:
        self.context = context
        self._loaded = loaded
        self._shared = SharedContext()
        self._next = [int(context.next_position[0])] * questions

    @torch.inference_mode()
    def step(self, token_ids: Mapping[int, Sequence[int]], cancelled: Cancel | None = None) -> dict[int, Tensor]:
        """Append tokens to some questions; log-probabilities of the next of each, fp32 (vocabulary,).

        Raises Cancelled.
        """
        device = self._loaded.spec.device
        ids: list[int] = []
        positions: list[int] = []
        last: list[int] = []
        for owner, tokens in token_ids.items():
            ids += tokens
            positions += range(self._next[owner], self._next[owner] + len(tokens))
            self._next[owner] += len(tokens)
            self._shared.append(owner, len(tokens))
            last.append(len(ids) - 1)
        out = self._loaded.model(
            input_ids=torch.tensor([ids], device=device),
            position_ids=torch.tensor([positions], device=device),
            past_key_values=self.context.cache,
            use_cache=True,
            logits_to_keep=torch.tensor(last, device=device),
            attention_pass=AttentionPass(kernel=self._shared, cancelled=cancelled),
        )
        return dict(zip(token_ids, out.logits[0].float().log_softmax(dim=-1), strict=True))


def share(
    loaded: LoadedModel,
    prefix: Prefix,
    chunks: Sequence[ChunkKV],
    kept: Sequence[Sequence[ChunkScore]],
    questions: Sequence[Question],
    config: EngineConfig,
    max_new_tokens: int,
) -> SharedState | None:
    """One context for questions that keep the same chunks whole, with room for all of them and their answers.

    `kept`: the scores of the chunks that stay, for every question. None where the contexts differ.
    """
    indices = {tuple(one.index for one in each) for each in kept}
    by_index = {one.chunk.index: one for one in chunks}
    same = [by_index[index] for index in next(iter(indices))] if len(indices) == 1 else []
    policy = policy_of(config.eviction)
    own = config.calibration is not None or config.clustered_heads is not None
    if own or config.composition is not Composition.ASSEMBLED or not same:
        return None
    if any(policy.evicts(one.kv.tokens) for one in same):
        return None
    room = sum(len(question.all_ids) + max_new_tokens for question in questions)
    context = assemble(loaded.spec, prefix, list(zip(same, kept[0], strict=True)), config.eviction, room)
    return SharedState(loaded, context, len(questions))


def decode_many(
    state: SharedState,
    questions: Sequence[Question],
    sampling: Sampling,
    stop_ids: frozenset[int],
    cancelled: Cancel | None = None,
) -> Iterator[tuple[int, int]]:
    """Yield (question, token id) of all answers as they are drawn, each as `decoding.decode` would draw it alone.

    An answer ends at a stop id, which is not yielded, or at the limit; the others go on. Raises Cancelled.
    """
    process = processors(sampling)
    device = state.context.next_position.device
    generators = [torch.Generator(device=device).manual_seed(sampling.seed) for _ in questions]
    answers: list[list[int]] = [[] for _ in questions]
    predicted = state.step({owner: one.all_ids for owner, one in enumerate(questions)}, cancelled)
    while predicted:
        going: dict[int, list[int]] = {}
        for owner, log_probabilities in predicted.items():
            token = draw(log_probabilities, answers[owner], process, sampling, generators[owner])
            if token in stop_ids:
                continue
            answers[owner].append(token)
            yield owner, token
            if len(answers[owner]) < sampling.max_new_tokens:
                going[owner] = [token]
        if going and cancelled is not None and cancelled():
            raise Cancelled("stopped while answering")
        predicted = state.step(going, cancelled) if going else {}
