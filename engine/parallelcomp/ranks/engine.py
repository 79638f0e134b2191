"""ParallelComp over ranks: every rank makes the same calls and does a part of the work.

The result is bit for bit that of one process if the batches are the same. Scoring batches are the same because
chunks are dealt in whole batches; prefill batches are the same if `prefill_batch` is 1.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ..attention.attention import Cancel
from ..chunking import Chunk
from ..config import EngineConfig, KVPrecision
from ..context.selection import Selection
from ..engine import Engine
from ..kv.stored import ChunkKV, restore
from ..memory import MemoryPlan
from ..models.model import LoadedModel
from ..replies import Reply, ReplyRequest
from ..scoring import ChunkScore, Question
from .group import Ranks

ATTENTION = "attention"


@dataclass(frozen=True)
class Elsewhere:
    """A stand-in for the KV of a chunk that rank `owner` has read and keeps. Reading it raises ValueError."""

    owner: int
    tokens: int
    precision: KVPrecision
    nbytes: int = 0

    def read(self, layer: int, keys: Tensor, values: Tensor) -> None:
        self.tensors()

    def tensors(self) -> dict[str, Tensor]:
        raise ValueError(f"this chunk's KV is kept by rank {self.owner}; score with the plan it was read with")


def owners(lengths: Sequence[int], batch: int, ranks: int) -> list[int]:
    """Return the rank of each chunk, given the chunks' lengths: scoring batches are dealt whole, in turn."""
    dealt = [0] * len(lengths)
    for place, index in enumerate(sorted(range(len(lengths)), key=lambda index: lengths[index])):
        dealt[index] = place // batch % ranks
    return dealt


class ScoringOverRanks(Engine):
    """An engine whose chunks are scored by all ranks, a part by each. Every rank can read the KV of all chunks.

    All ranks make the same calls with the same arguments, in the same order.
    """

    def __init__(self, loaded: LoadedModel, prefix_ids: Sequence[int], config: EngineConfig, ranks: Ranks) -> None:
        super().__init__(loaded, prefix_ids, config)
        self.ranks = ranks

    def score(
        self,
        chunks: Sequence[ChunkKV],
        question: Question,
        memory: MemoryPlan,
        cancelled: Cancel | None = None,
    ) -> Iterator[ChunkScore]:
        """Yield the scores of all chunks. Those from other ranks come last and have no attention."""
        memory = agreed(memory, self.ranks)
        mine = self._mine(chunks, memory.score_batch)
        places = {one.chunk.index: place for place, one in enumerate(chunks)}
        table = torch.zeros(len(chunks), len(question.ids), dtype=torch.float64)
        for score in super().score(mine, question, memory, cancelled):
            table[places[score.index]] = torch.tensor(score.token_nll, dtype=torch.float64)
            yield score
        rows = self.ranks.sum(table).tolist()
        told = {one.chunk.index for one in mine}
        for one, row in zip(chunks, rows, strict=True):
            if one.chunk.index not in told:
                yield ChunkScore(one.chunk.index, sum(row) / len(row), tuple(row))

    def replies_at_once(self) -> int:
        """Return how many chunks all ranks answer from together."""
        return self.ranks.share(super().replies_at_once()) * self.ranks.size

    def reply_each(
        self, chunks: Sequence[ChunkKV], request: ReplyRequest, memory: MemoryPlan, cancelled: Cancel | None = None
    ) -> Iterator[Reply]:
        """Return what each chunk answers, on every rank, in the chunks' order. Each rank decodes some of them."""
        memory = agreed(memory, self.ranks)
        mine = self._mine(chunks, memory.reply_batch)
        said = list(super().reply_each(mine, request, memory, cancelled)) if mine else []
        every = {one.index: one for rank in range(self.ranks.size) for one in self.ranks.share(said, rank)}
        return iter([every[one.chunk.index] for one in chunks])

    def _mine(self, chunks: Sequence[ChunkKV], batch: int) -> list[ChunkKV]:
        """Return the chunks that this rank is dealt, of which it takes `batch` at a time."""
        dealt = owners([one.kv.tokens for one in chunks], batch, self.ranks.size)
        return [one for one, owner in zip(chunks, dealt, strict=True) if owner == self.ranks.rank]


def agreed(memory: MemoryPlan, ranks: Ranks) -> MemoryPlan:
    """Return the plan with rank 0's batch sizes, since free memory differs between ranks but batches must not."""
    prefill, score, reply = ranks.share((memory.prefill_batch, memory.score_batch, memory.reply_batch))
    return replace(memory, prefill_batch=prefill, score_batch=score, reply_batch=reply)


class ChunksOverRanks(ScoringOverRanks):
    """An engine whose chunks are also read and kept by ranks. A chunk's KV is only on the rank that read it.

    If there are few scoring batches, a smaller `score_batch` divides the work more evenly.
    """

    def prefill(
        self, chunks: Sequence[Chunk], memory: MemoryPlan, cancelled: Cancel | None = None
    ) -> Iterator[ChunkKV]:
        """Yield all chunks in order. The KV of those that other ranks read is `Elsewhere`."""
        memory = agreed(memory, self.ranks)
        dealt = owners([len(chunk) for chunk in chunks], memory.score_batch, self.ranks.size)
        mine = [chunk for chunk, owner in zip(chunks, dealt, strict=True) if owner == self.ranks.rank]
        reading = super().prefill(mine, memory, cancelled)
        for chunk, owner in zip(chunks, dealt, strict=True):
            if owner == self.ranks.rank:
                yield next(reading)
            else:
                yield ChunkKV(chunk, Elsewhere(owner, len(chunk), self.config.precision))

    def compress(
        self,
        chunks: Sequence[ChunkKV],
        kept: Sequence[ChunkScore],
        question: Question,
        max_new_tokens: int,
        cancelled: Cancel | None = None,
    ) -> Selection:
        """Do the same as `Engine.compress` after sending the kept chunks' KV to all ranks, so that each can
        answer."""
        by_index = {one.chunk.index: one for one in chunks}
        fetched = [self._fetch(by_index[score.index], score) for score in kept]
        pairs, scores = [one for one, _ in fetched], [score for _, score in fetched]
        return super().compress(pairs, scores, question, max_new_tokens, cancelled)

    def _fetch(self, one: ChunkKV, score: ChunkScore) -> tuple[ChunkKV, ChunkScore]:
        """Return a chunk's KV and score from the rank that has them, with the attention, which eviction needs."""
        elsewhere = isinstance(one.kv, Elsewhere)
        owner = int(self.ranks.sum(torch.tensor(0 if elsewhere else self.ranks.rank)))
        seen = {} if score.attention is None else {ATTENTION: score.attention}
        got = self.ranks.send(None if elsewhere else {**one.kv.tensors(), **seen}, owner, self.spec.device)
        attention = got.pop(ATTENTION, None)
        kv = restore(one.kv.precision, got)
        return replace(one, kv=kv), replace(score, attention=None if attention is None else attention.cpu())
