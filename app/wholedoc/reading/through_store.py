"""Reading a document through the store: only chunks that were never read before go through the model."""

from __future__ import annotations

import time
from collections.abc import Callable, Container, Generator, Sequence
from dataclasses import dataclass, field, replace
from weakref import WeakValueDictionary

from parallelcomp import Chunk, ChunkKV, Engine, KVWay, StoredKV, fetching, restore, split

from ..answer import Reading
from ..documents.tokenized import TokenizedDocument
from ..errors import storage_error
from ..storage.chunks.chunk_store import ChunkStore, chunk_key
from ..storage.chunks.chunk_writer import ChunkWriter
from ..storage.chunks.filed_kv import FiledKV
from ..storage.chunks.readings import StoredReading
from .corpus import ReadDocument

Cancel = Callable[[], bool]
# Runs a generator and takes a turn at the model for each of its steps.
InTurns = Callable[[Generator[Reading, None, None]], Generator[Reading, None, None]]
# The KV of chunks by their keys, for as long as anybody holds it.
Placed = WeakValueDictionary[str, StoredKV]
# A step that only takes chunks from the store ends after this many seconds.
STEP_S = 0.25


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
    engine: Engine,
    store: ChunkStore,
    plan: Plan,
    in_turns: InTurns,
    cancelled: Cancel | None = None,
    placed: Placed | None = None,
) -> Generator[Reading, None, ReadDocument]:
    """Yield progress, and return the document with the KV of all its chunks.

    The work at the model is done `in_turns`. Chunks go to disk beside it, and no turn lasts until they are there.
    Every chunk is stored as soon as it is read, so that a reading that was stopped goes on where it was. A chunk
    that somebody else has read meanwhile is taken from the store. `placed` are the chunks that somebody holds
    already, to which this reading's are added. Raises LibraryError if the chunks cannot be kept, and Cancelled.
    """
    reading = _Reading(engine, store, plan, WeakValueDictionary() if placed is None else placed)
    waiting = reading.memory.prefill_batch
    with ChunkWriter(store, waiting, fetching=fetching(engine.spec.device), durable=reading.map) as writer:
        yield from in_turns(reading.steps(writer, cancelled))
    return reading.finished()


class _Reading:
    """One document on its way. `found` holds the KV that is there, by the store's keys."""

    def __init__(self, engine: Engine, store: ChunkStore, plan: Plan, placed: Placed) -> None:
        self.engine, self.store, self.plan, self.placed = engine, store, plan, placed
        self.memory = engine.plan(len(plan.document))
        self.progress = Progress(plan.document)
        self.found: dict[str, StoredKV] = {}
        self._stored: set[str] = set()
        self._borrowed: set[str] = set()
        self._damaged_before = len(store.damaged)

    def steps(self, writer: ChunkWriter, cancelled: Cancel | None) -> Generator[Reading, None, None]:
        """Take what is stored, then read what is missing; yield after every batch."""
        yield from self._take_all()
        self.progress.started = time.perf_counter()
        # What is read stays on the device until the writer has fetched it, so that nothing waits for the copy.
        memory = replace(self.memory, kv_device=self.engine.spec.device)
        yield self._event()
        while missing := [chunk for chunk in self.plan.chunks if self._key(chunk) not in self.found]:
            if self._take(missing[0]):
                continue
            for one in self.engine.prefill(missing[: memory.prefill_batch], memory, cancelled):
                self.found[self._key(one.chunk)] = self.placed[self._key(one.chunk)] = one.kv
                writer.put(self._key(one.chunk), one.kv)
            yield self._event()

    def _take_all(self) -> Generator[Reading, None, None]:
        """Take every chunk that is in the store, and yield every STEP_S seconds, so that nobody waits for that."""
        stepped = time.perf_counter()
        for chunk in self.plan.chunks:
            self._take(chunk)
            if time.perf_counter() - stepped > STEP_S:
                yield self._event()
                stepped = time.perf_counter()
        self.progress.damaged = len(self.store.damaged) - self._damaged_before

    def _take(self, chunk: Chunk) -> bool:
        """Take a chunk from the store, or from whoever is just writing it. Returns whether it was there."""
        key = self._key(chunk)
        borrowed = self.store.unwritten.get(key)
        held = (
            self.placed.get(key) if key in self.store else None
        )  # what was removed meanwhile is read and kept anew
        kv = held or borrowed or self._kept(key, len(chunk))
        if kv is None:
            return False
        if borrowed is not None:
            self._borrowed.add(key)
        self.found[key] = self.placed[key] = self._on_device(kv)
        self._stored.add(key)
        return True

    def _kept(self, key: str, tokens: int) -> StoredKV | None:
        """Return a chunk's KV from the store; what is more than the host's memory is not opened for that."""
        if self.memory.way is KVWay.DISK and key in self.store:
            return FiledKV(self.store, key, tokens, self.engine.config.precision)
        return self.store.get(key)

    def _on_device(self, kv: StoredKV) -> StoredKV:
        """Return the KV where it is kept: on a GPU a copy, in the host's memory the mapped file itself."""
        device = self.memory.kv_device
        if device.type == "cpu" or all(tensor.device == device for tensor in kv.tensors().values()):
            return kv
        return restore(kv.precision, {name: tensor.to(device) for name, tensor in kv.tensors().items()})

    def map(self, key: str) -> None:
        """Have the chunk's file in place of its tensors: the system may drop its pages when memory is short.

        What is sealed has no such file, and need not be opened while its tensors are in the host's memory."""
        if self.memory.kv_device.type != "cpu" or (not self.store.is_mapped and _is_on_host(self.found[key])):
            return
        self.found[key] = self.placed[key] = self._kept(key, self.found[key].tokens) or self.found[key]

    def finished(self) -> ReadDocument:
        """Return the document when all of it is there."""
        for key in self._borrowed:  # by now they are on disk, too
            self.map(key)
        chunks = tuple(ChunkKV(one, self.found[self._key(one)]) for one in self.plan.chunks)
        return ReadDocument(self.plan.document, chunks, self.progress.cached)

    def _event(self) -> Reading:
        self.progress.done = self._tokens(self.found)
        self.progress.cached = self._tokens(self._stored)
        return self.progress.event()

    def _key(self, chunk: Chunk) -> str:
        return self.plan.keys[chunk.index]

    def _tokens(self, keys: Container[str]) -> int:
        return sum(len(chunk) for chunk in self.plan.chunks if self._key(chunk) in keys)


def _is_on_host(kv: StoredKV) -> bool:
    return all(tensor.device.type == "cpu" for tensor in kv.tensors().values())


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
