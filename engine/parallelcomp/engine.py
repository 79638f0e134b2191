"""The whole method as four calls: prefill, score, compress, generate."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass, replace

import torch

from .attention import Observer
from .attribution import AttributionObserver, content_layers, question_weights
from .bifurcated import score_many
from .chai.clustered_heads import Savings
from .chai.head_clusters import check
from .chunking import Chunk
from .config import Composition, EngineConfig, KVPrecision, Sampling
from .context.composition import SingleState, alone, compose, reread
from .decoding.decode import decode
from .decoding.next_token import AnswerState
from .errors import Cancelled, WindowError
from .eviction import ChunkQueue
from .kv.context import Context
from .kv.stored import ChunkKV, Prefix
from .memory import MemoryPlan, check_plain, plan
from .model import LoadedModel, ModelSpec
from .policies import policy_of
from .prefill import batches, prefill_batch, prefill_prefix
from .scoring import ChunkScore, Question, score, score_batch

Cancel = Callable[[], bool]


@dataclass(frozen=True)
class Selection:
    """The chunks that stay for a question, in document order, and the state that answers it once.

    `asked`: the question's own tokens have gone through the context, only the answer's opening is left.
    """

    kept: tuple[ChunkScore, ...]
    state: AnswerState
    question: Question
    max_new_tokens: int
    asked: bool = False

    @property
    def context(self) -> Context:
        return self.state.context

    @property
    def savings(self) -> Savings | None:
        """What clustered heads spare, once the question has gone through; None without them."""
        clustering = self.state.clustering if isinstance(self.state, SingleState) else None
        return None if clustering is None else clustering.savings()


@dataclass(frozen=True)
class RescoredSpan:
    """A short span that was `read` anew and alone, and the question's NLL given it: nats over all its tokens."""

    nll: float
    read: ChunkKV


class Engine:
    """ParallelComp over one loaded model: token ids in, token ids out. Not thread-safe: one caller at a time.

    `prefix_ids` stand before every chunk (and in every key of stored KV); they are read at construction.
    """

    def __init__(self, loaded: LoadedModel, prefix_ids: Sequence[int], config: EngineConfig) -> None:
        self.loaded = loaded
        self.config = config
        self._check_window(len(prefix_ids))
        self._check_clusters()
        self.prefix: Prefix = prefill_prefix(loaded, prefix_ids)

    def with_config(self, config: EngineConfig) -> Engine:
        """The same engine with other settings for questions; the model and the prefix are shared.

        Raises ClusterError, and ValueError if `config` reads documents in another way.
        """
        if not config.reads_like(self.config):
            raise ValueError("chunk_tokens and precision belong to what was read: make a new Engine")
        other = copy(self)
        other.config = config
        other._check_clusters()
        return other

    @property
    def spec(self) -> ModelSpec:
        return self.loaded.spec

    def _check_window(self, prefix_tokens: int) -> None:
        if prefix_tokens + self.config.chunk_tokens >= self.spec.window:
            raise WindowError(
                f"a chunk of {self.config.chunk_tokens} tokens after {prefix_tokens} of prefix leaves no room for "
                f"a question in the model's window of {self.spec.window}; lower chunk_tokens, for example to "
                f"{self.spec.window // 2}"
            )

    def _check_clusters(self) -> None:
        """Raise ClusterError if heads are to be clustered as another model's."""
        if self.config.clustered_heads is not None:
            check(self.config.clustered_heads, self.spec)

    def check_question(self, question: Question, max_new_tokens: int) -> None:
        """Raise WindowError unless prefix, chunk, question and answer fit the window together."""
        need = len(self.prefix) + self.config.chunk_tokens + len(question.all_ids) + max_new_tokens
        if need > self.spec.window:
            raise WindowError(
                f"prefix, chunk, question and answer take {need} tokens, the model's window is "
                f"{self.spec.window}; shorten the question or lower chunk_tokens or max_new_tokens"
            )

    def plan(self, tokens: int, **assumed: int) -> MemoryPlan:
        """What a document of `tokens` tokens takes in memory, and whether it fits."""
        return plan(self.spec, tokens, self.config, prefix_tokens=len(self.prefix), **assumed)

    def prefill(
        self, chunks: Sequence[Chunk], memory: MemoryPlan, cancelled: Cancel | None = None
    ) -> Iterator[ChunkKV]:
        """Read chunks in batches and yield their KV in order. Raises Cancelled between and within batches."""
        for group in batches(chunks, memory.prefill_batch):
            _poll(cancelled)
            yield from prefill_batch(
                self.loaded,
                self.prefix,
                group,
                precision=self.config.precision,
                device=memory.kv_device,
                cancelled=cancelled,
            )

    def score(
        self,
        chunks: Sequence[ChunkKV],
        question: Question,
        memory: MemoryPlan,
        cancelled: Cancel | None = None,
    ) -> Iterator[ChunkScore]:
        """Question NLL given each chunk, as it is computed (not in document order). Raises Cancelled."""
        return score(
            self.loaded,
            self.prefix,
            chunks,
            question,
            batch=memory.score_batch,
            observation_window=self._observed(chunks, question),
            observe=policy_of(self.config.eviction).observe,
            cancelled=cancelled,
        )

    def _observed(self, chunks: Sequence[ChunkKV], question: Question) -> int | None:
        """How many of the question's last tokens are observed while chunks are scored."""
        policy = policy_of(self.config.eviction)
        if self._capacity is None or not any(policy.evicts(one.kv.tokens) for one in chunks):
            return None
        return policy.window(len(question.preamble) + len(question.ids)) or None

    def score_many(
        self,
        chunks: Sequence[ChunkKV],
        questions: Sequence[Question],
        memory: MemoryPlan,
        cancelled: Cancel | None = None,
    ) -> Iterator[list[ChunkScore]]:
        """The same by several questions in one pass over each chunk: for every chunk, a score by each of them."""
        windows = [self._observed(chunks, question) for question in questions]
        return score_many(
            self.loaded,
            self.prefix,
            chunks,
            questions,
            batch=memory.score_batch,
            windows=[window for window in windows if window is not None] or None,
            observe=policy_of(self.config.eviction).observe,
            cancelled=cancelled,
        )

    def score_without_document(self, question: Question) -> tuple[float, ...]:
        """-log P of each question token given the prefix alone, nats: what a chunk must beat to be evidence."""
        empty = type(self.prefix.kv)(self.prefix.kv.tensor[:, :, :, :0])
        ((token_nll, _),) = score_batch(self.loaded, self.prefix, [empty], question)
        return tuple(token_nll)

    @property
    def _capacity(self) -> int | None:
        """Most tokens kept of one chunk; only the assembled composition evicts KV within chunks."""
        assembled = self.config.composition is Composition.ASSEMBLED
        return self.config.eviction.capacity if assembled else None

    def select(self, chunks: Sequence[ChunkKV], scores: Iterator[ChunkScore]) -> list[ChunkScore]:
        """Chunk eviction: the scores of the chunks that stay, in document order."""
        tokens = {one.chunk.index: one.kv.tokens for one in chunks}
        queue = ChunkQueue(self.config.eviction.kept_tokens, self._capacity)
        for one in scores:
            queue.offer(one, tokens[one.index])
        return queue.kept()

    def compress(
        self,
        chunks: Sequence[ChunkKV],
        kept: Sequence[ChunkScore],
        question: Question,
        max_new_tokens: int,
        cancelled: Cancel | None = None,
    ) -> Selection:
        """Evict what the question does not need of the kept chunks, and put the rest together.

        Leaves room for an answer of `max_new_tokens`. Raises WindowError and Cancelled.
        """
        self.check_question(question, max_new_tokens)
        by_index = {one.chunk.index: one for one in chunks}
        pairs = [(by_index[one.index], one) for one in kept]
        room = len(question.all_ids) + max_new_tokens
        state = compose(self.loaded, self.prefix, pairs, self.config, room, cancelled)
        return Selection(tuple(kept), state, question, max_new_tokens)

    def rescore_spans(
        self, chunks: Sequence[Chunk], question: Question, cancelled: Cancel | None = None
    ) -> list[RescoredSpan]:
        """Read each of these short spans anew, and score the question given it alone. Raises Cancelled."""
        precision = KVPrecision.of(self.spec.dtype)
        read = prefill_batch(
            self.loaded, self.prefix, chunks, precision=precision, device=self.spec.device, cancelled=cancelled
        )
        scored = score_batch(self.loaded, self.prefix, [one.kv for one in read], question, cancelled=cancelled)
        return [RescoredSpan(sum(token_nll), one) for one, (token_nll, _) in zip(read, scored, strict=True)]

    def reread(
        self, chunks: Sequence[Chunk], question: Question, max_new_tokens: int, cancelled: Cancel | None = None
    ) -> Selection:
        """Answer from these tokens alone, read anew in one window: a second look at the best passages.

        Raises WindowError if they do not fit the window, and Cancelled.
        """
        room = len(question.all_ids) + max_new_tokens
        clustered = self.config.clustered_heads
        state = reread(self.loaded, self.prefix, chunks, room, cancelled, clustered)
        return Selection((), state, question, max_new_tokens)

    def alone(self, read: ChunkKV, question: Question, max_new_tokens: int) -> Selection:
        """Answer from one chunk alone, as it was read: by a second look, or with the document.

        Raises WindowError if it does not fit the window.
        """
        room = len(question.all_ids) + max_new_tokens
        state = alone(self.loaded, self.prefix, read, room, self.config.clustered_heads)
        return Selection((), state, question, max_new_tokens)

    def plain(self, token_ids: Sequence[int], max_new_tokens: int, cancelled: Cancel | None = None) -> Selection:
        """Answer an ordinary prompt of at least two tokens in one window, without the prefix of documents.

        Raises WindowError or MemoryPlanError before work starts if it does not fit, and Cancelled.
        """
        need = len(token_ids) + max_new_tokens
        if need > self.spec.window:
            raise WindowError(
                f"the prompt and its answer take {need:,} tokens, the model's window is {self.spec.window:,}; "
                "shorten the prompt or lower max_new_tokens"
            )
        check_plain(self.spec, need)
        *before, last = token_ids
        alone = prefill_prefix(self.loaded, ())
        state = reread(self.loaded, alone, [Chunk(0, 0, tuple(before))], 1 + max_new_tokens, cancelled)
        return Selection((), state, Question((before[-1],), (last,)), max_new_tokens, asked=True)

    def attribution_observer(self, selection: Selection) -> AttributionObserver:
        """An observer for `attribute`: where the question looks."""
        weights = question_weights(selection.question)
        return AttributionObserver(selection.context, content_layers(self.spec.layers), weights)

    def attribute(self, selection: Selection, observer: Observer, cancelled: Cancel | None = None) -> Selection:
        """Run the question's part of the global prefill, seen by `observer`.

        Returns the selection as one that was asked; it shares its state with the one given. Raises Cancelled.
        """
        selection.state.step(selection.question.asked, observer, cancelled)
        return replace(selection, asked=True)

    def generate(
        self,
        selection: Selection,
        sampling: Sampling,
        stop_ids: frozenset[int],
        cancelled: Cancel | None = None,
    ) -> Iterator[int]:
        """Global prefill of what is left of the question, then the answer's token ids one by one.

        Raises ValueError if the answer may be longer than the selection has room for, and Cancelled.
        """
        if sampling.max_new_tokens > selection.max_new_tokens:
            raise ValueError(
                f"the selection has room for an answer of {selection.max_new_tokens} tokens, "
                f"{sampling.max_new_tokens} were asked for; compress with more"
            )
        question = selection.question
        left = question.last_ids if selection.asked else question.all_ids
        return decode(selection.state, left, sampling, stop_ids, cancelled=cancelled)

    def answer_nll(self, selection: Selection, answer_ids: Sequence[int], cancelled: Cancel | None = None) -> float:
        """Mean -log P of these tokens as the answer, nats per token; uses the selection up, as `generate` does.

        Raises ValueError if there is no token or no room for them, and Cancelled.
        """
        if not 0 < len(answer_ids) <= selection.max_new_tokens:
            raise ValueError(
                f"the selection has room for an answer of 1 to {selection.max_new_tokens} tokens, not for "
                f"{len(answer_ids)}; compress with more"
            )
        question, total = selection.question, 0.0
        ahead: Sequence[int] = question.last_ids if selection.asked else question.all_ids
        for token in answer_ids:
            total -= float(selection.state.step(ahead, None, cancelled)[token])
            ahead = (token,)
        return total / len(answer_ids)


def _poll(cancelled: Cancel | None) -> None:
    if cancelled is not None and cancelled():
        raise Cancelled("stopped while reading")


def default_device() -> torch.device:
    """CUDA where there is a device, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def default_dtype(device: torch.device) -> torch.dtype:
    """bf16 where the device multiplies it natively, on such a CPU nearly twice as fast as fp32; else fp32 on a CPU
    and fp16 on a GPU. What it costs in exactness is measured in docs/benchmarks.md."""
    if device.type == "cpu":
        return torch.bfloat16 if _cpu_has_bf16() else torch.float32
    return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16


def _cpu_has_bf16() -> bool:
    """Whether the CPU has instructions for bf16 products. torch keeps these checks behind underscores."""
    checks = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return any(check() for name in checks if (check := getattr(torch.cpu, name, None)) is not None)
