"""Reading a document by several ranks that share one library on disk.

Batches are those of one process, dealt in turn, so every chunk comes out the same. Nothing but progress travels:
what a rank reads the others find in the store.
"""

from __future__ import annotations

from collections.abc import Callable, Generator

from parallelcomp import ChunkKV, Engine
from parallelcomp.prefill import batches
from parallelcomp.ranks import Ranks, agreed

from ..answer import Reading
from ..storage.chunk_store import ChunkStore
from ..storage.filed_kv import FiledKV
from .corpus import ReadDocument
from .through_store import Plan, Progress, chunks_missing, keep

Cancel = Callable[[], bool]
# Batches of a rank between two looks at the others: a few, so that nobody waits long for the slowest.
STRETCH = 8


def read_over_ranks(
    engine: Engine, ranks: Ranks, store: ChunkStore, plan: Plan, cancelled: Cancel | None = None
) -> Generator[Reading, None, ReadDocument]:
    """Yield progress, return the document with all its chunks' KV. All ranks call it together.

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
