"""Which chunks make up which reading of a document: what is warm, how large it is, when it was last used.

A reading is a document as one model read it with one set of settings. Its record is written before its chunks are
read, so that every chunk on disk belongs to a record, and a chunk goes when the last record that names it goes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from hashlib import blake2b
from pathlib import Path

from .chunk_store import ChunkStore, write_atomically


@dataclass(frozen=True)
class StoredReading:
    """`keys` are the chunks in document order; `model` is the name that a person gave it."""

    document_id: str
    model: str
    fingerprint: str
    precision: str
    tokens: int
    keys: tuple[str, ...]

    @property
    def id(self) -> str:
        """The same for the same document read the same way."""
        return blake2b("".join((self.document_id, *self.keys)).encode(), digest_size=10).hexdigest()


@dataclass(frozen=True)
class Readings:
    """A folder of records, one JSON file each; a record's modification time is when it was last used."""

    folder: Path
    store: ChunkStore

    def put(self, reading: StoredReading) -> None:
        """Write a record, anew where there is one: it is now the most recently used."""
        self.folder.mkdir(parents=True, exist_ok=True)
        write_atomically(self._path(reading), json.dumps(asdict(reading)).encode())

    def all(self) -> list[StoredReading]:
        """Every record, the least recently used first.

        One that is damaged, or that another process removes meanwhile, is left out: its chunks are still found.
        """
        found: list[tuple[float, StoredReading]] = []
        for path in self.folder.glob("*.json"):
            try:
                content = json.loads(path.read_text(encoding="utf-8"))
                reading = StoredReading(**{**content, "keys": tuple(content["keys"])})
                found.append((path.stat().st_mtime, reading))
            except (FileNotFoundError, ValueError, KeyError, TypeError):
                continue
        return [reading for _, reading in sorted(found, key=lambda pair: pair[0])]

    def of(self, document_id: str) -> list[StoredReading]:
        """The readings of one document, the most recently used first."""
        return [reading for reading in reversed(self.all()) if reading.document_id == document_id]

    def size(self, reading: StoredReading) -> int:
        """Bytes that the reading's chunks take on disk, those shared with others included."""
        return sum(self.store.size(key) for key in set(reading.keys))

    def warm(self, reading: StoredReading) -> float:
        """Share of the reading's chunks that are on disk, 0 to 1."""
        return sum(key in self.store for key in reading.keys) / max(len(reading.keys), 1)

    def remove(self, gone: Iterable[StoredReading]) -> None:
        """Remove records, and the chunks that no other record names."""
        removed = list(gone)
        for reading in removed:
            self._path(reading).unlink(missing_ok=True)
        needed = self.named()
        for reading in removed:
            for key in set(reading.keys) - needed:
                self.store.remove(key)

    def named(self) -> set[str]:
        """Keys of all chunks that some record names."""
        return {key for reading in self.all() for key in reading.keys}

    def make_room(self, limit: int, wanted: StoredReading, missing: int) -> list[StoredReading]:
        """Remove the least recently used readings until `missing` more bytes fit into `limit` bytes.

        The chunks of `wanted` stay. Returns what was removed.
        """
        removed: list[StoredReading] = []
        others = [reading for reading in self.all() if reading.id != wanted.id]
        while others and self.store.total() + missing > limit:
            removed.append(others.pop(0))
            self.remove(removed[-1:])
        return removed

    def _path(self, reading: StoredReading) -> Path:
        return self.folder / f"{reading.id}.json"
