"""A whole reading by APB: lay out the document, read block after block, attribute, answer."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from .. import memory
from ..attention.attention import Cancel
from ..attribution import content_layers, question_weights
from ..config import Sampling
from ..decoding.decode import decode
from ..errors import MemoryPlanError, UnsupportedModelError, WindowError
from ..models.families import ROTATED_IN_HALVES
from ..models.model import LoadedModel, ModelSpec
from ..scoring import Question
from .anchor import read_anchor
from .communicator import Communicator, LocalCommunicator
from .decoding import ShardedState, shard_logits
from .prefill import Host, Shard, read_block
from .settings import APB, Layout


@dataclass(frozen=True)
class Attribution:
    """What the question's pass over a document shows.

    `token_nll`: -log P of each of the question's tokens, in nats. `attention`: the question's attention on each
    token of the document, fp32 (document tokens,).
    """

    token_nll: tuple[float, ...]
    attention: Tensor


class QuestionReading:
    """A document that `read` has read for one question.

    The question stands in the anchors and decided what was passed on, so that this KV answers no other question and
    is not worth keeping.
    """

    def __init__(
        self, spec: ModelSpec, question: Question, layout: Layout, state: ShardedState, communicator: Communicator
    ) -> None:
        self.question = question
        self.layout = layout
        self._spec = spec
        self._state = state
        self._communicator = communicator
        self._attributed = False

    def attribute(self, cancelled: Cancel | None = None) -> Attribution:
        """Run the question, and return its attribution. Raises Cancelled."""
        question = self.question
        recorder = _AttributionRecorder(
            self._state.shards, content_layers(self._spec.layers), question_weights(question)
        )
        first = len(question.preamble) - 1
        wanted = range(first, first + len(question.ids))
        log_probs = self._state.run(question.asked, wanted, recorder, cancelled)
        self._attributed = True
        nll = -log_probs.gather(1, torch.tensor(question.ids, device=log_probs.device)[:, None])
        paid = self._communicator.gather(recorder.padded(self.layout, self._spec.device)).reshape(-1).cpu()
        return Attribution(tuple(nll.flatten().tolist()), paid[self.layout.prefix_tokens : self.layout.tokens])

    def generate(
        self, sampling: Sampling, stop_ids: frozenset[int], cancelled: Cancel | None = None
    ) -> Iterator[int]:
        """Yield the answer's token ids one by one. It can be called once. Raises Cancelled."""
        left = self.question.last_ids if self._attributed else self.question.all_ids
        return decode(self._state, left, sampling, stop_ids, cancelled=cancelled)


class _AttributionRecorder:
    """Shard observer that sums the attention on each token of this process's shards, over KV heads and some layers.

    `weights` (queries,) are the weights of the pass's queries.
    """

    def __init__(self, shards: dict[int, Shard], layers: Sequence[int], weights: Sequence[float]) -> None:
        self._shards = shards
        self._layers = frozenset(layers)
        self._weights = weights
        self._sums: dict[int, Tensor] = {}

    def __call__(self, layer: int, query: Tensor, lse: Tensor, scaling: float) -> None:
        if layer not in self._layers:
            return
        for host, shard in self._shards.items():
            logits = shard_logits(query, shard.keys[layer], scaling)
            attention_weights = (logits - lse.view(*logits.shape[:3], 1)).exp_()
            query_weights = attention_weights.new_tensor(self._weights)
            group = attention_weights.shape[1]
            paid = torch.einsum("kgqt,q->t", attention_weights, query_weights) / group
            self._sums[host] = self._sums.get(host, torch.zeros_like(paid)) + paid

    def padded(self, layout: Layout, device: torch.device) -> Tensor:
        """Return the mean over the layers, each shard filled up to a block: fp32 (shards here, block)."""
        rows = torch.zeros(len(self._shards), layout.block_tokens, device=device)
        for row, host in zip(rows, self._shards, strict=True):
            paid = self._sums[host] / len(self._layers)
            row[: paid.shape[0]] = paid
        return rows


def check(
    spec: ModelSpec,
    settings: APB,
    prefix_tokens: int,
    document_tokens: int,
    question: Question,
    max_new_tokens: int,
    here: int | None = None,
) -> Layout:
    """Lay a document out, of which this process reads the blocks of `here` hosts; None stands for all.

    Raises LayoutError, WindowError or MemoryPlanError if the document cannot be read like this.
    """
    layout = settings.layout(prefix_tokens, document_tokens)
    room = len(question.all_ids) + max_new_tokens
    if layout.tokens + room > spec.window:
        raise WindowError(
            f"prefix, document, question and answer take {layout.tokens + room:,} tokens, the model's window is "
            f"{spec.window:,}: APB reads every token at its true position; take a model with a longer window, or "
            "read in parallel chunks, which re-use positions"
        )
    _check_memory(spec, layout, room, layout.hosts if here is None else here)
    return layout


def _check_memory(spec: ModelSpec, layout: Layout, room: int, here: int) -> None:
    number = spec.dtype.itemsize
    per_token = spec.kv_bytes_per_token(number)
    before = layout.anchored + room + layout.passing_tokens * (layout.hosts - 1)
    held = min(here * layout.block_tokens, layout.tokens) + layout.anchored + 2 * room
    passed = layout.passing_tokens * here
    # One layer's keys and values, joined, and its queries, filled up to as many.
    joined = (before + layout.block_tokens) * (per_token / spec.layers + spec.query_heads * spec.head_dim * number)
    need = (held + passed) * per_token + 2 * joined + layout.block_tokens * memory.activation_bytes(spec, number)
    usable = int(memory.free_bytes(spec.device) * memory.USABLE)
    if need > usable:
        raise MemoryPlanError(
            f"reading {layout.document_tokens:,} tokens over {layout.hosts} hosts, {here} of them in this process, "
            f"needs {memory.gigabytes(need)} on {spec.device.type}, but only {memory.gigabytes(usable)} is free; "
            "spread the hosts over more ranks, or read in parallel chunks"
        )


def read(
    loaded: LoadedModel,
    settings: APB,
    prefix_ids: Sequence[int],
    document_ids: Sequence[int],
    question: Question,
    max_new_tokens: int,
    communicator: Communicator | None = None,
    cancelled: Cancel | None = None,
) -> Generator[int, None, QuestionReading]:
    """Read a document for one question; after each block of this process, yield how many document tokens are read.

    Without a `communicator` this process runs all hosts in turn. Raises LayoutError, WindowError, MemoryPlanError
    and UnsupportedModelError before any work, and Cancelled.
    """
    here = None if communicator is None else len(communicator.here)
    spec = loaded.spec
    spec.require_plain("APB and Star-Attention are")
    layout = check(spec, settings, len(prefix_ids), len(document_ids), question, max_new_tokens, here)
    if 0 < layout.passing_tokens < layout.block_tokens and spec.family not in ROTATED_IN_HALVES:
        raise UnsupportedModelError(
            f"APB rotates a question's queries to later positions, which it cannot for a '{spec.family}' model; "
            "Star-Attention passes nothing on and can be used"
        )
    communicator = communicator or LocalCommunicator(layout.hosts)
    anchor = None
    if layout.anchor_tokens:
        start = document_ids[: layout.anchor_tokens]
        anchor = read_anchor(loaded, prefix_ids, question, start, cancelled)
    sequence = (*prefix_ids, *document_ids)
    shards: dict[int, Shard] = {}
    for index in communicator.here:
        host = Host(loaded, layout, anchor, communicator, index)
        span = layout.span(index)
        shards[index] = read_block(host, sequence[span.start : span.stop], cancelled)
        yield span.stop - layout.prefix_tokens
    communicator.forget()
    room = len(question.all_ids) + max_new_tokens
    state = ShardedState(loaded, layout, shards, communicator, room)
    return QuestionReading(spec, question, layout, state, communicator)
