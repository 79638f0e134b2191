"""Chunk KV in an object store that several machines share.

What is stored is known by a small file in the library's own folder, a mark, which is written when the object is
there whole and removed before it. So nobody lists the store, and looking whether a chunk is there asks nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

import torch

from parallelcomp import RetrievalHeads, ScanKeys, StoredKV

from ...errors import StoreError
from ..chunks.chunk_store import ADDRESS, SCAN, ChunkStore, address_of
from ..files.atomic import TEMPORARY, WrittenTogether, write_atomically
from ..files.kept import KeptFiles
from .bucket import Bucket
from .disk_cache import DiskCache
from .place import RemotePlace

T = TypeVar("T")
CHUNK = ".safetensors"
# Behind an object's name: its mark, which holds its bytes in digits.
MARK = ".stored"


class RemoteChunkStore(ChunkStore):
    """A `ChunkStore` whose chunks are objects. `folder` is this machine's cache; a chunk is read from there, and
    comes there from the object store when it is first needed. `marks` is a folder that all machines share.

    What reads or writes objects raises StoreError, too.
    """

    def __init__(self, marks: Path, place: RemotePlace, files: KeptFiles) -> None:
        super().__init__(place.cache, files)
        self.marks = marks
        self._bucket = Bucket(place.address)
        self._cache = DiskCache(place.cache, place.cache_bytes)

    @property
    def is_here(self) -> bool:
        return False

    @property
    def place(self) -> str:
        return f"{self._bucket.address}, cached in {self.folder}"

    def check_place(self) -> None:
        """Remember in the shared folder where the chunks are. Raises StoreError if that is elsewhere, and OSError.

        Else every mark would be taken for one whose object is lost.
        """
        address = address_of(self.marks)
        if address and address != self._bucket.address:
            raise StoreError(
                f"the chunks of this library are in {address} and not in {self._bucket.address}: set "
                "WHOLEDOC_STORE to the first, or if the objects were moved write the second into "
                f"{self.marks / ADDRESS}"
            )
        if not address:
            self.marks.mkdir(parents=True, exist_ok=True)
            write_atomically(self.marks / ADDRESS, self._bucket.address.encode())

    def __contains__(self, key: str) -> bool:
        return self._mark(self.path(key)).is_file()

    def __iter__(self) -> Iterator[str]:
        ending = f"{CHUNK}{MARK}"
        return (path.name.removesuffix(ending) for path in self.marks.glob(f"*/*{ending}"))

    def put_together(self, chunks: Iterable[tuple[str, StoredKV]]) -> None:
        """Write several chunks into the cache, and then beside each other into the object store."""
        paths: list[Path] = []

        def named() -> Iterator[tuple[str, StoredKV]]:
            for key, kv in chunks:
                paths.append(self.path(key))
                yield key, kv

        super().put_together(named())
        self._store(paths)

    def put_scans(self, heads: RetrievalHeads, keys: Mapping[str, ScanKeys]) -> None:
        super().put_scans(heads, keys)
        self._store([self.scan_path(key, heads) for key in keys])

    def check_scans(self) -> None:
        for mark in self.marks.glob(f"*/*{SCAN}{MARK}"):
            path = self.folder / mark.parent.name / mark.name.removesuffix(MARK)
            self.check_scan(path)

    def size(self, key: str) -> int:
        return sum(_size(self._mark(path)) for path in self._paths(key))

    def remove(self, key: str) -> None:
        self.wait_until_written(key)
        for path in self._paths(key):
            self._forget(path)

    def remove_unknown(self) -> int:
        known = {f"{mark.parent.name}/{mark.name.removesuffix(MARK)}" for mark in self.marks.glob(f"*/*{MARK}")}
        freed = 0
        for name, size in self._bucket.names(older_than_s=3600).items():
            if name.endswith((CHUNK, SCAN)) and name not in known:
                self._bucket.remove(name)
                freed += size
        return freed

    def leftovers(self, older_than_s: float = 3600) -> list[Path]:
        return [*super().leftovers(older_than_s), *self._old(self.marks.glob(f"*/{TEMPORARY}*"), older_than_s)]

    def _get(self, key: str, path: Path, restored: Callable[[str, dict[str, torch.Tensor]], T]) -> T | None:
        """Return what is in the cache, or else in the object store; what is damaged in both is removed."""
        if not self._mark(path).is_file():  # removed, by another machine maybe
            path.unlink(missing_ok=True)
            return None
        if path.is_file():
            self._cache.use(path)
            before = len(self.damaged)
            found = super()._get(key, path, restored)
            if found is not None:
                return found
            del self.damaged[before:]  # only here, and it can be had again
        content = self._bucket.get(_name(path))
        if content is not None:
            self._into_cache(path, content)
            found = super()._get(key, path, restored)
            if found is not None:
                return found
        self._forget(path)
        return None

    def _into_cache(self, path: Path, content: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, content)
        self._cache.added(len(content))

    def _store(self, paths: list[Path]) -> None:
        """Write files of the cache into the object store, and then mark them as stored. Raises OSError."""
        objects = {_name(path): path.read_bytes() for path in paths}
        self._bucket.put(objects)
        with WrittenTogether() as marks:
            for path in paths:
                mark = self._mark(path)
                mark.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                marks.write(mark, str(len(objects[_name(path)])).encode())
        self._cache.added(sum(map(len, objects.values())))

    def _forget(self, path: Path) -> None:
        self._mark(path).unlink(missing_ok=True)
        self._bucket.remove(_name(path))
        path.unlink(missing_ok=True)

    def _paths(self, key: str) -> list[Path]:
        """Return the places in the cache of a chunk and of its keys for a scan, as far as they are stored."""
        folder = self.folder / key[:2]
        found = (self.marks / key[:2]).glob(f"{key}.*{MARK}")
        return [folder / mark.name.removesuffix(MARK) for mark in found]

    def _mark(self, path: Path) -> Path:
        return self.marks / path.parent.name / f"{path.name}{MARK}"


def _name(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


def _size(mark: Path) -> int:
    try:
        return int(mark.read_bytes())
    except (FileNotFoundError, ValueError):
        return 0
