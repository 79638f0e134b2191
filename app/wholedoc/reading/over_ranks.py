"""Reading a document by several ranks that share one library on disk.

The batches are those of one process, dealt to the ranks in turn, so that every chunk comes out the same. Only the
progress travels between ranks: what one of them has read the others find in the store.
"""

from __future__ import annotations

from collections.abc import Callable, Generator

from parallelcomp import ChunkKV, Engine
from parallelcomp.prefill import batches
from parallelcomp.ranks import Ranks, agreed

from ..answer import Reading
from ..storage.chunks.chunk_store import ChunkStore
from ..storage.chunks.filed_kv import FiledKV
from .corpus import ReadDocument
from .through_store import Plan, Progress, chunks_missing, keep

Cancel = Callable[[], bool]
# Every rank reads this many batches before all ranks wait for each other: few, so that nobody waits long for the
# slowest.
STRETCH = 8


def read_over_ranks(
    engine: Engine, ranks: Ranks, store: ChunkStore, plan: Plan, cancelled: Cancel | None = None
) -> Generator[Reading, None, ReadDocument]:
    """Yield progress, and return the document with the KV of all its chunks. All ranks call this together.

    Raises LibraryError if the chunks cannot be kept, Cancelled, and RankError.
    """
    memory = agreed(engine.plan(len(plan.document)), ranks)
    missing = set(ranks.share([chunk.index for chunk in chunks_missing(store, plan)]))
    read = sum(len(chunk) for chunk in plan.chunks if chunk.index not in missing)
    progress = Progress(plan.document, done=read, cached=read)
    yield progress.event()
    groups = list(batches([chunk for chunk in plan.chunks if chunk.index in missing], memory.prefill_batch))
    for first in range(0, len(groups), ranks.size * STRETCH):
        stretch = groups[first : first + ranks.size * STRETCH]
        for group in stretch[ranks.rank :: ranks.size]:
            for one in engine.prefill(group, memory, cancelled):
                keep(store, plan.keys[one.chunk.index], one.kv)
                progress.done += len(one.chunk)
            yield progress.event()
        ranks.barrier()
        read += sum(len(chunk) for group in stretch for chunk in group)
        progress.done = read
        yield progress.event()
    precision = engine.config.precision
    chunks = tuple(
        ChunkKV(chunk, FiledKV(store, key, len(chunk), precision))
        for chunk, key in zip(plan.chunks, plan.keys, strict=True)
    )
    return ReadDocument(plan.document, chunks, progress.cached)
