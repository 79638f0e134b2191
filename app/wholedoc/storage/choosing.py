"""Where a library's chunks and documents are: in its folder, or in the object store that the environment names."""

from __future__ import annotations

from pathlib import Path

from .chunks.chunk_store import ChunkStore
from .files.kept import KeptFiles
from .files.sealing import Seal
from .remote.chunks import RemoteChunkStore
from .remote.files import RemoteFiles
from .remote.place import RemotePlace


def chunk_store(folder: Path, files: KeptFiles) -> ChunkStore:
    """Return the store of the library whose chunks, or marks of them, are in `folder`. Raises StoreError."""
    place = RemotePlace.from_environment()
    return ChunkStore(folder, files) if place is None else RemoteChunkStore(folder, place, files)


def document_files(seal: Seal | None) -> KeptFiles:
    """Return how the library's documents, texts and original files are kept. Raises StoreError."""
    place = RemotePlace.from_environment()
    return KeptFiles(seal) if place is None else RemoteFiles(seal, place=place)
