"""ParallelComp over ranks: the same four calls, made by every rank, each with a part of the work.

The result is that of one process, bit for bit, where every batch is the same: chunks are dealt in whole scoring
batches, and a rank that reads them for itself does so one by one if `prefill_batch` is 1.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ..chunking import Chunk
from ..config import EngineConfig, KVPrecision
from ..engine import Cancel, Engine, Selection
from ..kv.stored import ChunkKV, restore
from ..memory import MemoryPlan
from ..model import LoadedModel
from ..scoring import ChunkScore, Question
from .group import Ranks

ATTENTION = "attention"


@dataclass(frozen=True)
class Elsewhere:
    """Stands for the KV of a chunk that rank `owner` has read and keeps: its length is known, no more."""

    owner: int
    tokens: int
    precision: KVPrecision
    nbytes: int = 0

    def read(self, layer: int, keys: Tensor, values: Tensor) -> None:
        self.tensors()

    def tensors(self) -> dict[str, Tensor]:
        raise ValueError(f"this chunk's KV is kept by rank {self.owner}; score with the plan it was read with")


def owners(lengths: Sequence[int], batch: int, ranks: int) -> list[int]:
    """Which rank has each of the chunks of these lengths, if scoring batches are dealt whole, one after another."""
    dealt = [0] * len(lengths)
    for place, index in enumerate(sorted(range(len(lengths)), key=lambda index: lengths[index])):
        dealt[index] = place // batch % ranks
    return dealt


class ScoringOverRanks(Engine):
    """An engine whose chunks are scored by all ranks, each a part; every rank has, or finds, the KV of all of them.

    All ranks make the same call with the same arguments, in the same order.
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
        """Scores of all chunks, those of other ranks last, and without their attention."""
        memory = agreed(memory, self.ranks)
        dealt = owners([one.kv.tokens for one in chunks], memory.score_batch, self.ranks.size)
        places = {one.chunk.index: place for place, one in enumerate(chunks)}
        mine = [one for one, owner in zip(chunks, dealt, strict=True) if owner == self.ranks.rank]
        table = torch.zeros(len(chunks), len(question.ids), dtype=torch.float64)
        for score in super().score(mine, question, memory, cancelled):
            table[places[score.index]] = torch.tensor(score.token_nll, dtype=torch.float64)
            yield score
        rows = self.ranks.sum(table).tolist()
        for one, owner, row in zip(chunks, dealt, rows, strict=True):
            if owner != self.ranks.rank:
                yield ChunkScore(one.chunk.index, sum(row) / len(row), tuple(row))


def agreed(memory: MemoryPlan, ranks: Ranks) -> MemoryPlan:
    """The plan with rank 0's batches: free memory differs from rank to rank, batches must not."""
    prefill, score = ranks.share((memory.prefill_batch, memory.score_batch))
    return replace(memory, prefill_batch=prefill, score_batch=score)


class ChunksOverRanks(ScoringOverRanks):
    """An engine whose chunks are read and kept by ranks too: a chunk's KV is where it was read, and nowhere else.

    With few scoring batches a small `score_batch` attention_weights the work out better.
    """

    def prefill(
        self, chunks: Sequence[Chunk], memory: MemoryPlan, cancelled: Cancel | None = None
    ) -> Iterator[ChunkKV]:
        """All chunks in order; those that other ranks read have no KV here."""
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
        """The kept chunks' KV travels to all ranks, so that each of them can answer."""
        by_index = {one.chunk.index: one for one in chunks}
        fetched = [self._fetch(by_index[score.index], score) for score in kept]
        pairs, scores = [one for one, _ in fetched], [score for _, score in fetched]
        return super().compress(pairs, scores, question, max_new_tokens, cancelled)

    def _fetch(self, one: ChunkKV, score: ChunkScore) -> tuple[ChunkKV, ChunkScore]:
        """A chunk's KV and score from the rank that has them, with the attention, which eviction needs."""
        elsewhere = isinstance(one.kv, Elsewhere)
        owner = int(self.ranks.sum(torch.tensor(0 if elsewhere else self.ranks.rank)))
        seen = {} if score.attention is None else {ATTENTION: score.attention}
        got = self.ranks.send(None if elsewhere else {**one.kv.tensors(), **seen}, owner, self.spec.device)
        attention = got.pop(ATTENTION, None)
        kv = restore(one.kv.precision, got)
        return replace(one, kv=kv), replace(score, attention=None if attention is None else attention.cpu())
