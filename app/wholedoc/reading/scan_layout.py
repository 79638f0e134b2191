"""The keys that a scan meets, laid out for it beside the chunks' KV: made from that when they are first needed."""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence

from parallelcomp import Engine, RetrievalHeads, ScanKeys, StoredKV

from ..errors import storage_error
from ..storage.chunks.chunk_store import ChunkStore
from .through_store import STEP_S


def lay_out(
    engine: Engine, store: ChunkStore, keys: Sequence[str], stored: Sequence[StoredKV], heads: RetrievalHeads
) -> Generator[None, None, tuple[ScanKeys, ...]]:
    """Return the keys for a scan of the chunks with these `keys` and this KV.

    Those that are not kept yet are made, and forced to disk together after STEP_S seconds of that, with a yield. On
    a CPU they stay mapped files; a GPU gets a copy. Raises LibraryError if they cannot be kept.
    """
    found: dict[str, ScanKeys] = {}
    made: dict[str, ScanKeys] = {}
    begun = time.perf_counter()
    for key, kv in zip(keys, stored, strict=True):
        known = found.get(key) or made.get(key) or store.get_scan(key, heads)
        if known is None:
            known = made[key] = engine.scan_keys(kv, heads)
        found[key] = known.to(engine.spec.device)
        if made and time.perf_counter() - begun > STEP_S:
            _keep(store, heads, made, found)
            yield
            begun = time.perf_counter()
    if made:
        _keep(store, heads, made, found)
        yield
    return tuple(found[key] for key in keys)


def _keep(store: ChunkStore, heads: RetrievalHeads, made: dict[str, ScanKeys], found: dict[str, ScanKeys]) -> None:
    """Write what was made, and have the files in its place: the system may drop their pages."""
    try:
        store.put_scans(heads, made)
    except OSError as error:
        raise storage_error(store.folder, error) from error
    for key, one in made.items():
        kept = store.get_scan(key, heads) if store.is_mapped else None
        found[key] = (kept or one).to(found[key].codes.device)
    made.clear()
