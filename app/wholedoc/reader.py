"""Reading a document through the store: only chunks that were never read go through the model."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from dataclasses import dataclass

from parallelcomp import Chunk, ChunkKV, Engine, split

from .answer import Reading
from .corpus import ReadDocument
from .store import ChunkStore, chunk_key
from .tokenization import TokenizedDocument

Cancel = Callable[[], bool]


@dataclass
class _Progress:
    document: TokenizedDocument
    cached_tokens: int
    done: int
    started: float

    def event(self) -> Reading:
        elapsed = time.perf_counter() - self.started
        read = self.done - self.cached_tokens
        rate = read / elapsed if elapsed > 0 else 0.0
        left = (len(self.document) - self.done) / rate if read else None
        identity = self.document.document
        return Reading(identity.id, identity.name, self.done, len(self.document), self.cached_tokens, rate, left)


def read(
    engine: Engine, store: ChunkStore, document: TokenizedDocument, cancelled: Cancel | None = None
) -> Generator[Reading, None, ReadDocument]:
    """Yield progress, return the document with all its chunks' KV.

    Every chunk is in the store as soon as it is read, so that a reading that is stopped goes on where it was.
    Raises MemoryPlanError before any work if the document does not fit, and Cancelled.
    """
    memory = engine.plan(len(document))
    memory.check()
    chunks = split(document.token_ids, engine.config.chunk_tokens, document.paragraph_starts)
    keys = {chunk.index: _key(engine, chunk) for chunk in chunks}
    found = {chunk.index: kv for chunk in chunks if (kv := store.get(keys[chunk.index])) is not None}
    cached = sum(len(chunk) for chunk in chunks if chunk.index in found)
    progress = _Progress(document, cached, cached, time.perf_counter())
    yield progress.event()
    missing = [chunk for chunk in chunks if chunk.index not in found]
    for one in engine.prefill(missing, memory, cancelled):
        store.put(keys[one.chunk.index], one.kv)
        found[one.chunk.index] = one.kv
        progress.done += len(one.chunk)
        yield progress.event()
    return ReadDocument(document, tuple(ChunkKV(chunk, found[chunk.index]) for chunk in chunks), cached)


def _key(engine: Engine, chunk: Chunk) -> str:
    return chunk_key(engine.spec.fingerprint, engine.prefix.token_ids, chunk.token_ids, engine.config.precision)
