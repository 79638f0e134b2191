"""Records of readings: which chunks make up a document, how many of them are on disk, and when it was last used.

A reading is a document as one model read it with one set of settings. Its record is written before its chunks are
read, so every chunk on disk belongs to a record. A chunk is removed with the last record that names it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from hashlib import blake2b
from pathlib import Path

import xxhash

from ...documents.words import WordCounts
from ..files.kept import CLEAR, KeptFiles
from .chunk_store import ChunkStore


@dataclass(frozen=True)
class StoredReading:
    """One reading.

    `keys` names its chunks in document order; `model` is the name by which a person chose the model.
    """

    document_id: str
    model: str
    fingerprint: str
    precision: str
    tokens: int
    keys: tuple[str, ...]

    @property
    def id(self) -> str:
        """The record's name. It is the same for the same document read in the same way."""
        return blake2b("".join((self.document_id, *self.keys)).encode(), digest_size=10).hexdigest()


@dataclass(frozen=True)
class Readings:
    """A folder of records, one JSON file each.

    The modification time of a file says when its reading was last used.
    """

    folder: Path
    store: ChunkStore
    files: KeptFiles = CLEAR

    def put(self, reading: StoredReading) -> None:
        """Write a record, or write it anew. It is now the most recently used."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.files.write(self._path(reading), json.dumps(asdict(reading)).encode())

    def put_words(self, reading: StoredReading, words: Sequence[WordCounts]) -> None:
        """Keep the words of a reading's chunks, in document order, behind a line with their checksum."""
        content = json.dumps([[one.characters, one.counts] for one in words], ensure_ascii=False).encode()
        self.files.write(self._words(reading), xxhash.xxh3_128_hexdigest(content).encode() + b"\n" + content)

    def words(self, reading: StoredReading) -> tuple[WordCounts, ...] | None:
        """Return the words of a reading's chunks, or None if they are not kept, or damaged."""
        try:
            checksum, content = self.files.read(self._words(reading)).split(b"\n", 1)
        except (FileNotFoundError, ValueError):
            return None
        if xxhash.xxh3_128_hexdigest(content).encode() != checksum:
            return None
        return tuple(WordCounts(Counter(counts), characters) for characters, counts in json.loads(content))

    def all(self) -> list[StoredReading]:
        """Return every record, the least recently used first.

        A record that is damaged, or that another process removes meanwhile, is left out. Its chunks can still be
        found.
        """
        found: list[tuple[float, StoredReading]] = []
        for path in self.folder.glob("*.json"):
            try:
                content = json.loads(self.files.read_text(path))
                reading = StoredReading(**{**content, "keys": tuple(content["keys"])})
                found.append((path.stat().st_mtime, reading))
            except (FileNotFoundError, ValueError, KeyError, TypeError):
                continue
        return [reading for _, reading in sorted(found, key=lambda pair: pair[0])]

    def of(self, document_id: str) -> list[StoredReading]:
        """Return the readings of one document, the most recently used first."""
        return [reading for reading in reversed(self.all()) if reading.document_id == document_id]

    def size(self, reading: StoredReading) -> int:
        """Return the bytes of the reading's chunks on disk, including chunks that other readings share."""
        return sum(self.store.size(key) for key in set(reading.keys))

    def warm(self, reading: StoredReading) -> float:
        """Return the share of the reading's chunks that are on disk, from 0 to 1."""
        return sum(key in self.store for key in reading.keys) / max(len(reading.keys), 1)

    def remove(self, gone: Iterable[StoredReading]) -> None:
        """Remove records, and the chunks that no other record names."""
        removed = list(gone)
        for reading in removed:
            self._path(reading).unlink(missing_ok=True)
            self._words(reading).unlink(missing_ok=True)
        needed = self.named()
        for reading in removed:
            for key in set(reading.keys) - needed:
                self.store.remove(key)

    def named(self) -> set[str]:
        """Return the keys of all chunks that any record names."""
        return {key for reading in self.all() for key in reading.keys}

    def make_room(self, limit: int, wanted: StoredReading, missing: int) -> list[StoredReading]:
        """Remove the least recently used readings until `missing` more bytes fit into `limit` bytes.

        The chunks of `wanted` stay. Returns the readings that were removed.
        """
        removed: list[StoredReading] = []
        others = [reading for reading in self.all() if reading.id != wanted.id]
        while others and self.store.total() + missing > limit:
            removed.append(others.pop(0))
            self.remove(removed[-1:])
        return removed

    def _path(self, reading: StoredReading) -> Path:
        return self.folder / f"{reading.id}.json"

    def _words(self, reading: StoredReading) -> Path:
        return self._path(reading).with_suffix(".words")
