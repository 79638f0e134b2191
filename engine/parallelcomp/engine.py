"""The whole method as four calls: prefill, score, compress, generate."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch

from .assembly import Context
from .attention import Observer
from .chunking import Chunk
from .composition import AnswerState, compose
from .config import EngineConfig, Sampling
from .decoding import decode
from .errors import Cancelled, WindowError
from .eviction import ChunkQueue
from .evidence import EvidenceObserver, upper_layers
from .kv import ChunkKV, Prefix
from .memory import MemoryPlan, plan
from .model import LoadedModel, ModelSpec
from .prefill import batches, prefill_batch, prefill_prefix
from .scoring import ChunkScore, Question, score, score_batch

Cancel = Callable[[], bool]


@dataclass(frozen=True)
class Selection:
    """The chunks that stay for a question, in document order, and the state that answers it."""

    kept: tuple[ChunkScore, ...]
    state: AnswerState
    question: Question

    @property
    def context(self) -> Context:
        return self.state.context


class Engine:
    """ParallelComp over one loaded model: token ids in, token ids out. Not thread-safe: one caller at a time.

    `prefix_ids` stand before every chunk (and in every key of stored KV); they are read at construction.
    """

    def __init__(self, loaded: LoadedModel, prefix_ids: Sequence[int], config: EngineConfig) -> None:
        self.loaded = loaded
        self.config = config
        self._check_window(len(prefix_ids))
        self.prefix: Prefix = prefill_prefix(loaded, prefix_ids)

    @property
    def spec(self) -> ModelSpec:
        return self.loaded.spec

    def _check_window(self, prefix_tokens: int) -> None:
        if prefix_tokens + self.config.chunk_tokens >= self.spec.window:
            raise WindowError(
                f"a chunk of {self.config.chunk_tokens} tokens after {prefix_tokens} of prefix leaves no room for "
                f"a question in the model's window of {self.spec.window}; lower chunk_tokens"
            )

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
                dtype=self.config.precision.dtype,
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
        eviction = self.config.eviction
        compresses = any(one.kv.tokens > eviction.capacity for one in chunks)
        return score(
            self.loaded,
            self.prefix,
            chunks,
            question,
            batch=memory.score_batch,
            observation_window=eviction.observation_window if compresses else None,
            cancelled=cancelled,
        )

    def score_without_document(self, question: Question) -> float:
        """Question NLL given the prefix alone, nats per token: what a chunk must beat to be evidence."""
        empty = type(self.prefix.kv)(self.prefix.kv.tensor[:, :, :, :0])
        ((token_nll, _),) = score_batch(self.loaded, self.prefix, [empty], question)
        return sum(token_nll) / len(token_nll)

    def select(self, chunks: Sequence[ChunkKV], scores: Iterator[ChunkScore]) -> list[ChunkScore]:
        """Chunk eviction: the scores of the chunks that stay, in document order."""
        tokens = {one.chunk.index: one.kv.tokens for one in chunks}
        queue = ChunkQueue(self.config.eviction)
        for one in scores:
            queue.offer(one, tokens[one.index])
        return queue.kept()

    def compress(
        self, chunks: Sequence[ChunkKV], kept: Sequence[ChunkScore], question: Question, max_new_tokens: int
    ) -> Selection:
        """Evict what the question does not need of the kept chunks, and put the rest together."""
        self.check_question(question, max_new_tokens)
        by_index = {one.chunk.index: one for one in chunks}
        pairs = [(by_index[one.index], one) for one in kept]
        room = len(question.all_ids) + max_new_tokens
        state = compose(self.loaded, self.prefix, pairs, self.config, room)
        return Selection(tuple(kept), state, question)

    def generate(
        self,
        selection: Selection,
        sampling: Sampling,
        stop_ids: frozenset[int],
        *,
        question_observer: Observer | None = None,
        answer_observer: Observer | None = None,
        cancelled: Cancel | None = None,
    ) -> Iterator[int]:
        """Global prefill of the question, then the answer's token ids one by one. Raises Cancelled."""
        return decode(
            selection.state,
            selection.question.all_ids,
            sampling,
            stop_ids,
            question_observer=question_observer,
            answer_observer=answer_observer,
            cancelled=cancelled,
        )

    def evidence(self, selection: Selection) -> EvidenceObserver:
        """An observer of the selection's context: where question or answer look, in the upper layers."""
        return EvidenceObserver(selection.context, upper_layers(self.spec.layers))


def _poll(cancelled: Cancel | None) -> None:
    if cancelled is not None and cancelled():
        raise Cancelled("stopped while reading")


def default_device() -> torch.device:
    """CUDA where there is a device, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def default_dtype(device: torch.device) -> torch.dtype:
    """fp32 on a CPU, where it is the fastest and exact; bf16 (or fp16 on old cards) on a GPU."""
    if device.type == "cpu":
        return torch.float32
    return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
