"""Chunk KV on disk, found by content: no chunk is ever read twice.

Each chunk has one safetensors file, whose name is the hash of everything that its KV depends on. Beside it may lie
its keys for a scan, in a file for each choice of heads; they are made from the KV and go with it. A file is written
under a temporary name and renamed, so that a crash leaves a whole file or none. A checksum finds damage.
"""

from __future__ import annotations

import json
import struct
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any, TypeVar

import torch
import xxhash
from safetensors import SafetensorError, safe_open
from safetensors.torch import load, save

from parallelcomp import KVPrecision, RetrievalHeads, ScanKeys, StoredKV, restore

from ...errors import StoreError
from ..files.atomic import TEMPORARY
from ..files.kept import CLEAR, KeptFiles, is_file_sealed, no_key

# The version of the files' layout. It is part of every key, so a file of another version is never asked for.
VERSION = "2"
# Behind a chunk's key and the heads' id: the name of a file of keys for a scan.
SCAN = ".scan"
# A file in the folder of a library whose chunks are in an object store: the address of that.
ADDRESS = "address.stored"
# How often a chunk that is being written is looked for, in seconds.
WAIT_S = 0.01
T = TypeVar("T")


def chunk_key(fingerprint: str, prefix_ids: Sequence[int], token_ids: Sequence[int], precision: KVPrecision) -> str:
    """Return the hash of all that a chunk's KV depends on: the model, the prefix, the chunk's tokens, the number
    format."""
    digest = blake2b(digest_size=20)
    digest.update(f"{VERSION} {fingerprint} {precision.value} {len(prefix_ids)}\n".encode())
    for ids in (prefix_ids, token_ids):
        digest.update(struct.pack(f"<{len(ids)}I", *ids))
    return digest.hexdigest()


class ChunkStore:
    """A folder of chunk KV.

    `damaged` lists the keys of the files that were found damaged and deleted. `unwritten` holds the chunks that are
    on their way to the disk (see `chunk_writer`), so that nobody in this process reads them again meanwhile.
    """

    def __init__(self, folder: Path, files: KeptFiles = CLEAR) -> None:
        self.folder = folder
        self._files = files
        self.damaged: list[str] = []
        self.unwritten: dict[str, StoredKV] = {}

    @property
    def is_mapped(self) -> bool:
        """Whether what is read stays in its file, whose pages the system may drop; else it is held in memory."""
        return not self._files.are_sealed

    @property
    def is_here(self) -> bool:
        """Whether the chunks lie on the disk of the library's folder."""
        return True

    @property
    def place(self) -> str:
        """Where the chunks lie, for a person."""
        return str(self.folder)

    def check_place(self) -> None:
        """Raise StoreError if the library's chunks are elsewhere than here."""
        address = address_of(self.folder)
        if address:
            raise StoreError(f"the chunks of this library are in {address}: set WHOLEDOC_STORE to that")

    def path(self, key: str) -> Path:
        return self.folder / key[:2] / f"{key}.safetensors"

    def __contains__(self, key: str) -> bool:
        return self.path(key).is_file()

    def get(self, key: str) -> StoredKV | None:
        """Return the chunk's KV, memory-mapped unless it is sealed.

        None if its file is missing, damaged or of another version. Raises EncryptionError if there is no key.
        """
        return self._get(key, self.path(key), lambda kind, tensors: restore(KVPrecision(kind), tensors))

    def put(self, key: str, kv: StoredKV) -> None:
        """Write the chunk's KV. After a crash its file is there whole or not at all. Raises OSError."""
        self.put_together([(key, kv)])

    def put_together(self, chunks: Iterable[tuple[str, StoredKV]]) -> None:
        """Write several chunks as `put` does, and force them to disk together.

        Raises OSError; those before the one that could not be written are kept.
        """
        with self._files.written_together() as files:
            for key, kv in chunks:
                path = self.path(key)
                path.parent.mkdir(parents=True, exist_ok=True)
                files.write(path, _content(kv.precision.value, kv.tensors()))

    def scan_path(self, key: str, heads: RetrievalHeads) -> Path:
        return self.folder / key[:2] / f"{key}.{heads.id}{SCAN}"

    def get_scan(self, key: str, heads: RetrievalHeads) -> ScanKeys | None:
        """Return the chunk's keys for a scan by these heads, memory-mapped, or None as `get` does."""

        return self._get(key, self.scan_path(key, heads), _restored_for(heads.id))

    def check_scans(self) -> None:
        """Check every file of keys for a scan, and delete those that are damaged, as `get_scan` does."""
        for path in self.folder.glob(f"*/*{SCAN}"):
            self.check_scan(path)

    def check_scan(self, path: Path) -> None:
        """Check one such file."""
        key, _, heads = path.stem.partition(".")
        self._get(key, path, _restored_for(heads))

    def put_scans(self, heads: RetrievalHeads, keys: Mapping[str, ScanKeys]) -> None:
        """Write the keys for a scan of several chunks, by the chunks' keys, as `put_together` writes their KV."""
        with self._files.written_together() as files:
            for key, made in keys.items():
                path = self.scan_path(key, heads)
                path.parent.mkdir(parents=True, exist_ok=True)
                files.write(path, _content(heads.id, made.tensors()))

    def _get(self, key: str, path: Path, restored: Callable[[str, dict[str, torch.Tensor]], T]) -> T | None:
        """Return what `restored` makes of the precision and the tensors that the file names."""
        try:
            metadata, tensors = self._read(path)
            if metadata["version"] != VERSION:  # whose checksum may be of another kind
                return None
            if metadata["checksum"] != checksum(metadata, tensors):
                raise ValueError(f"{key}: the checksum differs")
            return restored(metadata["precision"], tensors)
        except FileNotFoundError:
            return None
        except (SafetensorError, KeyError, ValueError):
            self.damaged.append(key)
            path.unlink(missing_ok=True)
            return None

    def _read(self, path: Path) -> tuple[dict[str, str], dict[str, torch.Tensor]]:
        """Return a file's metadata and tensors: memory-mapped, or what is sealed in memory."""
        if self.is_mapped:
            return _mapped(path)
        content = self._files.read(path)
        (length,) = struct.unpack_from("<Q", content)
        return dict(json.loads(content[8 : 8 + length])["__metadata__"]), load(content)

    def __iter__(self) -> Iterator[str]:
        """Yield the keys of all chunks on disk."""
        return (path.stem for path in self.folder.glob("*/*.safetensors"))

    def size(self, key: str) -> int:
        """Return the bytes of a chunk's files, 0 if there is none."""
        return sum(_size(path) for path in (self.path(key), *self._scans(key)))

    def total(self) -> int:
        """Return the bytes of all chunks on disk together."""
        return sum(self.size(key) for key in self)

    def remove(self, key: str) -> None:
        """Delete a chunk; one that is on its way to the disk is waited for.

        A process that has it mapped keeps it until it unmaps it.
        """
        self.wait_until_written(key)
        for path in (self.path(key), *self._scans(key)):
            path.unlink(missing_ok=True)

    def wait_until_written(self, key: str) -> None:
        """Wait for a chunk on its way: removed before, it would be written after that, and belong to nothing."""
        while key in self.unwritten:
            time.sleep(WAIT_S)

    def remove_unknown(self) -> int:
        """Remove what killed writers left beyond this folder, and return how many bytes that was."""
        return 0

    def leftovers(self, older_than_s: float = 3600) -> list[Path]:
        """Return the temporary files that killed writers left. Younger files may still be in the writing."""
        return self._old(self.folder.glob(f"*/{TEMPORARY}*"), older_than_s)

    def _old(self, paths: Iterable[Path], older_than_s: float) -> list[Path]:
        limit = time.time() - older_than_s
        return [path for path in paths if path.stat().st_mtime < limit]

    def _scans(self, key: str) -> Iterator[Path]:
        return self.folder.glob(f"{key[:2]}/{key}.*{SCAN}")


def _mapped(path: Path) -> tuple[dict[str, str], dict[str, torch.Tensor]]:
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
            return file.metadata() or {}, tensors
    except SafetensorError:
        if is_file_sealed(path):  # which is no damage
            raise no_key(path) from None
        raise


def _restored_for(heads: str) -> Callable[[str, dict[str, torch.Tensor]], ScanKeys]:
    def restored(kind: str, tensors: dict[str, torch.Tensor]) -> ScanKeys:
        if kind != heads:
            raise ValueError(f"these keys are for the heads {kind}, not for {heads}")
        return ScanKeys.restore(tensors)

    return restored


def _content(precision: str, tensors: Mapping[str, torch.Tensor]) -> bytes:
    """Return a file of these tensors, with `precision` as its word for how to read them."""
    whole = {name: tensor.cpu().contiguous() for name, tensor in tensors.items()}
    metadata = {"version": VERSION, "precision": precision}
    metadata["checksum"] = checksum(metadata, whole)
    return save(whole, metadata=metadata)


def address_of(folder: Path) -> str:
    """Return the address of the object store that has the chunks of this folder, empty if it has them itself."""
    try:
        return (folder / ADDRESS).read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def checksum(metadata: Mapping[str, str], tensors: Mapping[str, torch.Tensor]) -> str:
    """Return the xxh3 hash of a file's metadata and tensors, the tensors in the order of their names.

    It runs at several GB/s, and any flipped byte changes it."""
    digest = xxhash.xxh3_128()
    digest.update(f"{metadata['version']} {metadata['precision']}".encode())
    for name, tensor in sorted(tensors.items()):
        digest.update(f"\n{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        flat: Any = tensor.contiguous().reshape(-1).view(torch.uint8).numpy()
        digest.update(flat)
    return digest.hexdigest()
