"""From kept chunks to next-token probabilities, in three ways behind one interface.

`AnswerState.step` takes token ids and returns the log-probabilities of the next token. The first step takes the
question, each later one a token of the answer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn

from ..attention.attention import AttentionKernel, AttentionPass, Cancel, KeyFilter, Observer
from ..chai.clustered_heads import ClusteredAttention
from ..chunking import Chunk
from ..config import ClusteredHeads, Composition, EngineConfig, KVPrecision
from ..decoding.fixed import FixedSteps, recorded_steps
from ..decoding.next_token import AnswerState
from ..errors import WindowError
from ..kv.batch import StoredBatch
from ..kv.cache import buffer_cache
from ..kv.context import Context
from ..kv.stored import ChunkKV, Prefix
from ..models.model import LoadedModel
from ..prefill import prefill_batch
from ..scoring import ChunkScore
from .assembly import assemble, chunk_slots
from .calibration import Calibrator

Kept = Sequence[tuple[ChunkKV, ChunkScore]]
# Recording a step takes as long as several steps, so an answer of fewer tokens than this is not worth it.
WORTH_RECORDING = 16


class _ContextState:
    """What the states over a context have in common."""

    def __init__(self, loaded: LoadedModel, context: Context) -> None:
        self._loaded = loaded
        self._context = context

    @property
    def context(self) -> Context:
        return self._context


class SingleState(_ContextState):
    """The state of one sequence over one context, assembled or re-read."""

    def __init__(
        self,
        loaded: LoadedModel,
        context: Context,
        key_filter: KeyFilter | None = None,
        clustered: ClusteredHeads | None = None,
    ) -> None:
        super().__init__(loaded, context)
        self._key_filter = key_filter
        self.clustering = None if clustered is None else ClusteredAttention(context, clustered, loaded.spec)

    @torch.inference_mode()
    def step(
        self,
        token_ids: Sequence[int],
        observer: Observer | None = None,
        cancelled: Cancel | None = None,
    ) -> Tensor:
        tokens = torch.tensor([list(token_ids)], device=self._loaded.spec.device)
        logits = forward(
            self._loaded, self._context, tokens, observer, cancelled, self._key_filter, self.clustering
        )
        self._key_filter = None  # calibration belongs to the question's pass alone
        return logits[0].log_softmax(dim=-1)

    @torch.inference_mode()
    def step_each(self, token_ids: Sequence[int], cancelled: Cancel | None = None) -> Tensor:
        """Append tokens of the answer; return log-probabilities behind each, fp32 (tokens, vocabulary)."""
        tokens = torch.tensor([list(token_ids)], device=self._loaded.spec.device)
        logits = forward_each(self._loaded, self._context, tokens, cancelled)
        return logits[0].log_softmax(dim=-1)

    def take_back(self, tokens: int) -> None:
        """Leave the context as if the last `tokens` tokens had not been appended."""
        self._context.take_back(tokens)

    @property
    def takes_guesses(self) -> bool:
        """Whether several tokens may be appended at once and taken back. Clustered heads count them."""
        return self.clustering is None and self._loaded.spec.device.type == "cpu"

    def recorded(self, longest: int) -> Callable[[], FixedSteps] | None:
        """Return what records the steps of an answer of up to `longest` tokens, once the question has gone through.

        It is None where nothing can be recorded, or where that would take longer than the answer.
        """
        spec = self._loaded.spec
        looks = spec.quantization is not None and spec.experts_per_token > 0  # the host, at which experts run
        possible = spec.device.type == "cuda" and spec.is_plain and self.clustering is None and not looks
        if not possible or longest < WORTH_RECORDING:
            return None
        return lambda: recorded_steps(self._loaded, self._context)


class MixtureState(_ContextState):
    """Every kept chunk in a sequence of its own, all of which get the same tokens.

    P(y | q) = sum over chunks c of P(c | q, answer so far) P(y | c, q). `log_weights` (chunks,) are the log
    posteriors P(c | ...), updated by how well each chunk predicted each token of the answer.
    """

    def __init__(self, loaded: LoadedModel, context: Context, log_prior: Tensor) -> None:
        super().__init__(loaded, context)
        self.log_weights = log_prior.log_softmax(dim=0)
        self._predicted: Tensor | None = None

    @torch.inference_mode()
    def step(
        self,
        token_ids: Sequence[int],
        observer: Observer | None = None,
        cancelled: Cancel | None = None,
    ) -> Tensor:
        if self._predicted is not None:
            for token in token_ids[:-1]:  # the posterior takes each token under the prediction before it
                self.step([token], observer, cancelled)
            token_ids = token_ids[-1:]
            self.log_weights = (self.log_weights + self._predicted[:, token_ids[0]]).log_softmax(dim=0)
        tokens = torch.tensor([list(token_ids)], device=self._loaded.spec.device)
        tokens = tokens.expand(len(self.log_weights), -1)
        logits = forward(self._loaded, self._context, tokens, observer, cancelled)
        self._predicted = logits.log_softmax(dim=-1)
        return torch.logsumexp(self._predicted + self.log_weights[:, None], dim=0)


def forward(
    loaded: LoadedModel,
    context: Context,
    tokens: Tensor,
    observer: Observer | None = None,
    cancelled: Cancel | None = None,
    key_filter: KeyFilter | None = None,
    kernel: AttentionKernel | None = None,
) -> Tensor:
    """Append tokens (batch, tokens) to a context; return the logits of the last, fp32 (batch, vocabulary).

    Raises Cancelled.
    """
    count = tokens.shape[1]
    model = loaded.decoder if loaded.decoder is not None and count == 1 else loaded.model
    attention = AttentionPass(context.padding, observer, key_filter, kernel, cancelled)
    # Named by its index, the last state is copied; a view of it would have the whole output matrix copied.
    return _logits(model, context, tokens, attention, torch.tensor([count - 1], device=tokens.device))[:, 0]


def forward_each(loaded: LoadedModel, context: Context, tokens: Tensor, cancelled: Cancel | None = None) -> Tensor:
    """Append tokens of an answer, (batch, tokens); return the logits of each, fp32 (batch, tokens, vocabulary).

    They are multiplied by the weights that decoding uses. Raises Cancelled.
    """
    model = loaded.model if loaded.decoder is None else loaded.decoder
    wanted = torch.arange(tokens.shape[1], device=tokens.device)
    return _logits(model, context, tokens, AttentionPass(context.padding, cancelled=cancelled), wanted)


def _logits(model: nn.Module, context: Context, tokens: Tensor, attention: AttentionPass, wanted: Tensor) -> Tensor:
    """Append tokens, and return the logits at the indices `wanted`, fp32 (batch, wanted, vocabulary)."""
    count = tokens.shape[1]
    after = context.next_position + count
    out = model(
        input_ids=tokens,
        position_ids=context.next_position[:, None] + torch.arange(count, device=tokens.device),
        past_key_values=context.cache,
        use_cache=True,
        logits_to_keep=wanted,
        attention_pass=replace(
            attention, key_positions=lambda layer, keys: context.key_positions(layer, keys, after)
        ),
    )
    context.next_position = after
    logits: Tensor = out.logits.float()
    return logits


def _assembled(
    loaded: LoadedModel, prefix: Prefix, kept: Kept, config: EngineConfig, room: int, cancelled: Cancel | None
) -> AnswerState:
    context = assemble(loaded.spec, prefix, kept, config.eviction, room)
    calibrator = None if config.calibration is None else Calibrator(context, config.calibration, loaded.spec)
    return SingleState(loaded, context, calibrator, config.clustered_heads)


def _reread(
    loaded: LoadedModel, prefix: Prefix, kept: Kept, config: EngineConfig, room: int, cancelled: Cancel | None
) -> AnswerState:
    return reread(loaded, prefix, [one.chunk for one, _ in kept], room, cancelled, config.clustered_heads)


def reread(
    loaded: LoadedModel,
    prefix: Prefix,
    chunks: Sequence[Chunk],
    room: int,
    cancelled: Cancel | None = None,
    clustered: ClusteredHeads | None = None,
) -> AnswerState:
    """Return the state of the chunks' tokens, read again as one chunk, with `room` slots for question and answer.

    Raises WindowError if all of it exceeds the model's window, and Cancelled.
    """
    spec = loaded.spec
    joined = Chunk(0, 0, tuple(token for chunk in chunks for token in chunk.token_ids))
    _check_room(loaded, prefix, len(joined), room)
    (read,) = prefill_batch(
        loaded, prefix, [joined], precision=KVPrecision.of(spec.dtype), device=spec.device, cancelled=cancelled
    )
    state = alone(loaded, prefix, read, room, clustered)
    origin = torch.cat([torch.arange(chunk.start, chunk.stop) for chunk in chunks])
    for layer in state.context.slots:
        layer[0] = replace(layer[0], tokens=origin.expand(spec.kv_heads, -1))
    return state


def alone(
    loaded: LoadedModel, prefix: Prefix, read: ChunkKV, room: int, clustered: ClusteredHeads | None = None
) -> AnswerState:
    """Return the state of one chunk and nothing else, with `room` slots. Raises WindowError as `reread` does."""
    _check_room(loaded, prefix, read.kv.tokens, room)
    return SingleState(loaded, batch_context(loaded, prefix, [read], room), clustered=clustered)


def _check_room(loaded: LoadedModel, prefix: Prefix, tokens: int, room: int) -> None:
    if len(prefix) + tokens + room > loaded.spec.window:
        raise WindowError(
            f"re-reading {tokens} kept tokens with {len(prefix)} of prefix and {room} for question and answer "
            f"exceeds the model's window of {loaded.spec.window}; lower kept_tokens or choose another composition"
        )


def _mixture(
    loaded: LoadedModel, prefix: Prefix, kept: Kept, config: EngineConfig, room: int, cancelled: Cancel | None
) -> AnswerState:
    context = batch_context(loaded, prefix, [one for one, _ in kept], room)
    summed = torch.tensor([-sum(score.token_nll) for _, score in kept], device=loaded.spec.device)
    return MixtureState(loaded, context, summed * config.prior_sharpness)


def batch_context(loaded: LoadedModel, prefix: Prefix, chunks: Sequence[ChunkKV], room: int) -> Context:
    """Return a context with a sequence for each whole chunk, after the prefix; all end at the same slot.

    Each sequence has `room` slots behind that.
    """
    spec = loaded.spec
    batch = StoredBatch(prefix, [one.kv for one in chunks], spec)
    cache = buffer_cache(len(chunks), len(prefix) + batch.longest + room, spec)
    for index, layer in enumerate(cache.layers):
        layer.length = len(prefix) + batch.longest
        batch.write(index, *layer.used)
    whole = [chunk_slots(spec, one) for one in chunks]
    return Context(
        cache,
        len(prefix),
        [list(whole) for _ in range(spec.layers)],
        torch.tensor([len(prefix) + one.kv.tokens for one in chunks], device=spec.device),
        batch.padding,
    )


_WAYS = {
    Composition.ASSEMBLED: _assembled,
    Composition.REREAD: _reread,
    Composition.MIXTURE: _mixture,
}


def compose(
    loaded: LoadedModel,
    prefix: Prefix,
    kept: Kept,
    config: EngineConfig,
    room: int,
    cancelled: Cancel | None = None,
) -> AnswerState:
    """Put the kept chunks together as `config.composition` says, with `room` slots for question and answer.

    Raises ValueError if no chunk was kept, WindowError if re-reading exceeds the window, and Cancelled.
    """
    if not kept:
        raise ValueError("no chunk was kept, so there is nothing to answer from; an empty document has none")
    return _WAYS[config.composition](loaded, prefix, kept, config, room, cancelled)
