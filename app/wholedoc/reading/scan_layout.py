"""The keys that a scan meets, laid out for it beside the chunks' KV: made from that when they are first needed."""

from __future__ import annotations

from collections.abc import Generator, Sequence

from parallelcomp import Engine, RetrievalHeads, ScanKeys, StoredKV

from ..errors import storage_error
from ..storage.chunks.chunk_store import ChunkStore


def lay_out(
    engine: Engine, store: ChunkStore, keys: Sequence[str], stored: Sequence[StoredKV], heads: RetrievalHeads
) -> Generator[None, None, tuple[ScanKeys, ...]]:
    """Return the keys for a scan of the chunks with these `keys` and this KV, and yield after each that was made.

    On a CPU they stay mapped files; a GPU gets a copy. Raises LibraryError if they cannot be kept.
    """
    found: list[ScanKeys] = []
    for key, kv in zip(keys, stored, strict=True):
        known = store.get_scan(key, heads)
        if known is None:
            made = engine.scan_keys(kv, heads)
            try:
                store.put_scan(key, heads, made)
            except OSError as error:
                raise storage_error(store.folder, error) from error
            known = store.get_scan(key, heads) or made
            yield
        found.append(known.to(engine.spec.device))
    return tuple(found)
