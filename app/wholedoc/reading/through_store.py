"""Reading a document through the store: only chunks that were never read before go through the model."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field

import torch

from parallelcomp import Chunk, ChunkKV, Engine, StoredKV, restore, split

from ..answer import Reading
from ..documents.tokenized import TokenizedDocument
from ..errors import storage_error
from ..storage.chunk_store import ChunkStore, chunk_key
from ..storage.readings import StoredReading
from .corpus import ReadDocument

Cancel = Callable[[], bool]


@dataclass(frozen=True)
class Plan:
    """A document cut into chunks, with the store's key of each, in document order."""

    document: TokenizedDocument
    chunks: tuple[Chunk, ...]
    keys: tuple[str, ...]

    @classmethod
    def of(cls, engine: Engine, document: TokenizedDocument) -> Plan:
        chunks = split(document.token_ids, engine.config.chunk_tokens, document.paragraph_starts)
        spec, prefix = engine.spec, engine.prefix.token_ids
        keys = [chunk_key(spec.fingerprint, prefix, one.token_ids, engine.config.precision) for one in chunks]
        return cls(document, tuple(chunks), tuple(keys))

    @property
    def name(self) -> str:
        """A name of the reading that is the same in every process."""
        return StoredReading(self.document.document.id, "", "", "", 0, self.keys).id

    def record(self, engine: Engine, model: str) -> StoredReading:
        """Return the record that the library keeps of this reading."""
        return StoredReading(
            self.document.document.id,
            model,
            engine.spec.fingerprint,
            engine.config.precision.value,
            len(self.document),
            self.keys,
        )


@dataclass
class Progress:
    """How many tokens of a document are read. `cached` of them were in the store before."""

    document: TokenizedDocument
    done: int = 0
    cached: int = 0
    damaged: int = 0
    started: float = field(default_factory=time.perf_counter)

    def event(self) -> Reading:
        elapsed = time.perf_counter() - self.started
        read = self.done - self.cached
        rate = read / elapsed if elapsed > 0 else 0.0
        left = (len(self.document) - self.done) / rate if read else None
        one = self.document.document
        return Reading(one.id, one.name, self.done, len(self.document), self.cached, rate, left, self.damaged)


def read(
    engine: Engine, store: ChunkStore, plan: Plan, cancelled: Cancel | None = None
) -> Generator[Reading, None, ReadDocument]:
    """Yield progress, and return the document with the KV of all its chunks.

    Every chunk is stored as soon as it is read, so that a reading that was stopped goes on where it was. A chunk
    that somebody else has read meanwhile is taken from the store. Raises LibraryError if the chunks cannot be kept,
    and Cancelled.
    """
    memory = engine.plan(len(plan.document))
    progress = Progress(plan.document)
    damaged_before = len(store.damaged)
    found: dict[int, StoredKV] = {}
    device = memory.kv_device
    for chunk in plan.chunks:
        _take(store, plan, chunk, found, progress, device)
    progress.damaged = len(store.damaged) - damaged_before
    progress.started = time.perf_counter()
    yield progress.event()
    while missing := [chunk for chunk in plan.chunks if chunk.index not in found]:
        if _take(store, plan, missing[0], found, progress, device):
            continue
        for one in engine.prefill(missing[: memory.prefill_batch], memory, cancelled):
            key = plan.keys[one.chunk.index]
            keep(store, key, one.kv)
            # On a CPU the mapped file replaces the tensor: the system may drop its pages when memory is short.
            found[one.chunk.index] = (device.type == "cpu" and store.get(key)) or one.kv
            progress.done += len(one.chunk)
        yield progress.event()
    chunks = tuple(ChunkKV(chunk, found[chunk.index]) for chunk in plan.chunks)
    return ReadDocument(plan.document, chunks, progress.cached)


def _take(
    store: ChunkStore,
    plan: Plan,
    chunk: Chunk,
    found: dict[int, StoredKV],
    progress: Progress,
    device: torch.device,
) -> bool:
    """Take a chunk from the store, and return whether it was there.

    On a CPU it stays a mapped file; a GPU gets a copy.
    """
    kv = store.get(plan.keys[chunk.index])
    if kv is None:
        return False
    if device.type != "cpu":
        kv = restore(kv.precision, {name: tensor.to(device) for name, tensor in kv.tensors().items()})
    found[chunk.index] = kv
    progress.done += len(chunk)
    progress.cached += len(chunk)
    return True


def keep(store: ChunkStore, key: str, kv: StoredKV) -> None:
    """Put a chunk into the store. Raises LibraryError if it cannot be."""
    try:
        store.put(key, kv)
    except OSError as error:
        raise storage_error(store.folder, error) from error


def chunks_missing(store: ChunkStore, plan: Plan) -> list[Chunk]:
    """Return the chunks that are not in the store, in document order."""
    return [chunk for chunk, key in zip(plan.chunks, plan.keys, strict=True) if key not in store]


def bytes_on_disk(engine: Engine, chunks: Sequence[Chunk]) -> int:
    """Return about how many bytes the KV of these chunks takes in the store."""
    per_token = engine.spec.kv_bytes_per_token(engine.config.precision.bytes_per_number(engine.spec.head_dim))
    return int(per_token * sum(len(chunk) for chunk in chunks))
