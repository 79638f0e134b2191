"""Where a library's chunks are: in its folder, or in the object store that the environment names."""

from __future__ import annotations

from pathlib import Path

from ..files.kept import KeptFiles
from .chunk_store import ChunkStore
from .remote.chunks import RemoteChunkStore
from .remote.place import RemotePlace


def chunk_store(folder: Path, files: KeptFiles) -> ChunkStore:
    """Return the store of the library whose chunks, or marks of them, are in `folder`. Raises StoreError."""
    place = RemotePlace.from_environment()
    return ChunkStore(folder, files) if place is None else RemoteChunkStore(folder, place, files)
