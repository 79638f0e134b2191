"""Files whose content is an object in a store that machines share: documents' texts, and the files they came from.

What stands in the library's folder is a mark, which names the object. It has the file's name and its times, so that
what is there, in which order it came, and who may change it is known as for files that hold their content.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path

from ..files.atomic import WrittenTogether, write_atomically
from ..files.kept import KeptFiles, Writing, name_of
from ..files.sealing import OVERHEAD, DamagedFileError, is_sealed
from .bucket import Bucket
from .disk_cache import DiskCache
from .place import RemotePlace

# What stands in a file whose content is an object: the end of that one's name, its hash, and its bytes.
_MARK = re.compile(rb"wholedoc object ([0-9a-f]{16}) ([0-9a-f]{40}) ([0-9]{1,15})\n")
LONGEST = 128


@dataclass(frozen=True)
class Object:
    """An object, which is never written twice: who removes a file removes no other writer's object."""

    name: str
    hash: str
    size: int

    @classmethod
    def new(cls, path: Path, content: bytes) -> Object:
        return cls(f"{name_of(path)}.{secrets.token_hex(8)}", _hash(content), len(content))

    @classmethod
    def marked(cls, path: Path) -> Object | None:
        """Return the object that a file stands for, or None if it is not there or holds its content itself."""
        try:
            with path.open("rb") as file:
                found = _MARK.fullmatch(file.read(LONGEST))
        except FileNotFoundError:
            return None
        if found is None:
            return None
        ending, hash, size = (word.decode() for word in found.groups())
        return cls(f"{name_of(path)}.{ending}", hash, int(size))

    @property
    def mark(self) -> bytes:
        return f"wholedoc object {self.name.rpartition('.')[2]} {self.hash} {self.size}\n".encode()

    def is_of(self, content: bytes) -> bool:
        return len(content) == self.size and _hash(content) == self.hash


def _hash(content: bytes) -> str:
    return blake2b(content, digest_size=20).hexdigest()


@dataclass(frozen=True, kw_only=True)
class RemoteFiles(KeptFiles):
    """`KeptFiles` whose content is in an object store, and in a bounded cache on this machine's disk.

    A file that was written before the library had its object store is read where it is. What reaches the store
    raises StoreError, too. An object that is lost or cut is a DamagedFileError.
    """

    place: RemotePlace
    _bucket: Bucket = field(init=False)
    _cache: DiskCache = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_bucket", Bucket(self.place.address))
        object.__setattr__(self, "_cache", DiskCache(self.place.cache, self.place.cache_bytes))

    @property
    def are_plain(self) -> bool:
        return False

    def read(self, path: Path) -> bytes:
        one = Object.marked(path)
        return super().read(path) if one is None else self._opened(path, self._content(one))

    def size(self, path: Path) -> int:
        one = Object.marked(path)
        return super().size(path) if one is None else one.size - (OVERHEAD if self.are_sealed else 0)

    def is_whole(self, path: Path) -> bool:
        one = Object.marked(path)
        return super().is_whole(path) if one is None else self._bucket.size(one.name) == one.size

    def is_sealed(self, path: Path) -> bool:
        one = Object.marked(path)
        return super().is_sealed(path) if one is None else is_sealed(self._content(one))

    def write(self, path: Path, content: bytes) -> None:
        before = Object.marked(path)
        super().write(path, content)
        if before is not None:
            self._drop(before)

    def remove(self, path: Path) -> None:
        one = Object.marked(path)
        super().remove(path)
        if one is not None:
            self._drop(one)

    def remove_unknown(self, folder: Path) -> int:
        freed = 0
        for name, size in self._bucket.names(f"{folder.name}/", older_than_s=3600).items():
            one = Object.marked(folder / Path(name).stem)
            if one is None or one.name != name:
                self._bucket.remove(name)
                freed += size
        return freed

    @contextmanager
    def written_together(self) -> Iterator[Writing]:
        with WrittenTogether() as marks:
            yield _WritingObjects(marks, self.seal, self)

    def put_object(self, one: Object, content: bytes) -> None:
        """Write an object, which nobody sees without a mark, and keep it in the cache. Raises OSError."""
        self._bucket.put({one.name: content})
        self._into_cache(one, content)

    def _content(self, one: Object) -> bytes:
        """Return an object, sealed if it is. Raises DamagedFileError if it is lost or cut."""
        cached = self._cache.folder / one.name
        try:
            content = cached.read_bytes()
            if one.is_of(content):
                self._cache.use(cached)
                return content
        except FileNotFoundError:
            pass
        found = self._bucket.get(one.name)
        if found is None or not one.is_of(found):
            what = "lost" if found is None else "damaged"
            raise DamagedFileError(f"the object {one.name} of the store {self._bucket.address} is {what}")
        self._into_cache(one, found)
        return found

    def _into_cache(self, one: Object, content: bytes) -> None:
        cached = self._cache.folder / one.name
        cached.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_atomically(cached, content)
        self._cache.added(len(content))

    def _drop(self, one: Object) -> None:
        (self._cache.folder / one.name).unlink(missing_ok=True)
        self._bucket.remove(one.name)


@dataclass(frozen=True)
class _WritingObjects(Writing):
    """Writes each file's object at once. Its mark, without which nobody sees it, appears when the block is left."""

    remote: RemoteFiles

    def write(self, path: Path, content: bytes) -> None:
        sealed = self._sealed(path, content)
        one = Object.new(path, sealed)
        self.remote.put_object(one, sealed)
        self.files.write(path, one.mark)
