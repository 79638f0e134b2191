"""A chunk's KV that stays in the store until it is first needed."""

from __future__ import annotations

from functools import cached_property

from torch import Tensor

from parallelcomp import KVPrecision, StoredKV

from ...errors import LibraryError
from .chunk_store import ChunkStore


class FiledKV:
    """A `StoredKV` that opens its file on first use, so that what no question needs is never read from the disk.

    `is_lost`: its file was found missing or damaged, so that the document has to be read again.
    """

    def __init__(self, store: ChunkStore, key: str, tokens: int, precision: KVPrecision) -> None:
        self.tokens = tokens
        self.precision = precision
        self._store = store
        self._key = key
        self.is_lost = False

    @cached_property
    def _kv(self) -> StoredKV:
        """The KV, memory-mapped. Raises LibraryError if the file is missing or damaged."""
        kv = self._store.get(self._key)
        if kv is None:
            self.is_lost = True
            raise LibraryError(
                f"a chunk of the document was removed from the library {self._store.folder}, or is damaged; ask "
                "again, and it is read again. Ranks on several machines need one library that all of them see"
            )
        return kv

    @property
    def nbytes(self) -> int:
        return self._kv.nbytes

    def read(self, layer: int, keys: Tensor, values: Tensor) -> None:
        self._kv.read(layer, keys, values)

    def tensors(self) -> dict[str, Tensor]:
        return self._kv.tensors()
