"""Chunk KV on disk, by content: what was read once is never read again.

One safetensors file a chunk, named by the hash of everything its KV depends on. A file is written under a
temporary name and renamed, so that a crash leaves a whole chunk or none; a checksum finds damage.
"""

from __future__ import annotations

import json
import os
import struct
import tempfile
from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any

import torch
import xxhash
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from parallelcomp import DenseKV, KVPrecision

VERSION = "1"


def chunk_key(fingerprint: str, prefix_ids: Sequence[int], token_ids: Sequence[int], precision: KVPrecision) -> str:
    """Hash of all that a chunk's KV depends on: model, prefix, the chunk's own tokens, number format."""
    digest = blake2b(digest_size=20)
    digest.update(f"{VERSION} {fingerprint} {precision.value} {len(prefix_ids)}\n".encode())
    for ids in (prefix_ids, token_ids):
        digest.update(struct.pack(f"<{len(ids)}I", *ids))
    return digest.hexdigest()


class ChunkStore:
    """A folder of chunk KV. `damaged` lists the keys of files that were found damaged and put away."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.damaged: list[str] = []

    def path(self, key: str) -> Path:
        return self.folder / key[:2] / f"{key}.safetensors"

    def __contains__(self, key: str) -> bool:
        return self.path(key).is_file()

    def get(self, key: str) -> DenseKV | None:
        """The chunk's KV, memory-mapped; None if it is not there or damaged."""
        path = self.path(key)
        try:
            with safe_open(path, framework="pt") as file:
                tensor = file.get_tensor("kv")
                expected = (file.metadata() or {}).get("checksum")
        except FileNotFoundError:
            return None
        except (SafetensorError, OSError):
            self._put_away(key)
            return None
        if checksum(tensor) != expected:
            self._put_away(key)
            return None
        return DenseKV(tensor)

    def put(self, key: str, kv: DenseKV) -> None:
        """Write the chunk's KV; it is there whole or not at all."""
        path = self.path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        tensor = kv.tensor.cpu().contiguous()
        data = save({"kv": tensor}, metadata={"version": VERSION, "checksum": checksum(tensor)})
        write_atomically(path, data)

    def _put_away(self, key: str) -> None:
        self.damaged.append(key)
        self.path(key).unlink(missing_ok=True)


def checksum(tensor: torch.Tensor) -> str:
    """xxh3 of a tensor's bytes: several GB/s, and any flipped byte changes it."""
    flat: Any = tensor.contiguous().view(torch.uint8).reshape(-1).numpy()
    return xxhash.xxh3_128_hexdigest(flat)


def write_atomically(path: Path, data: bytes) -> None:
    """Write next to `path` under a temporary name, force it to disk, then rename."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".writing-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def read_json(path: Path) -> object:
    """A JSON file's content."""
    return json.loads(path.read_text(encoding="utf-8"))
