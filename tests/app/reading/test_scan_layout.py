"""Keys for a scan, laid out beside the KV: made once, and forced to disk together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from parallelcomp import QueryHead, RetrievalHeads
from wholedoc import Library
from wholedoc.reading import scan_layout
from wholedoc.reading.scan_layout import lay_out
from wholedoc.storage.chunks.chunk_store import ChunkStore

pytestmark = pytest.mark.embedded


@pytest.mark.parametrize(("step_s", "together"), [(1000.0, [5]), (0.0, [1] * 5)])
def test_they_are_kept_together_after_so_long_and_never_made_twice(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step_s: float, together: list[int]
) -> None:
    (tmp_path / "log.txt").write_text(
        "\n\n".join(f"Entry {n} of the log, and its {n * 7} words." for n in range(9))
    )
    library.add(tmp_path / "log.txt")
    (document,) = library.held.read.values()
    heads = RetrievalHeads(library.engine.spec.fingerprint, (QueryHead(0, 1), QueryHead(1, 3)))
    store = ChunkStore(tmp_path / "other")
    keys, stored = [f"{n:02}key" for n in range(5)], [document.chunks[0].kv] * 5
    written: list[int] = []
    put = ChunkStore.put_scans

    def noted(self: ChunkStore, of: RetrievalHeads, made: Any) -> None:
        written.append(len(made))
        put(self, of, made)

    monkeypatch.setattr(ChunkStore, "put_scans", noted)
    monkeypatch.setattr(scan_layout, "STEP_S", step_s)
    first = _drained(lay_out(library.engine, store, keys, stored, heads))
    assert written == together
    again = _drained(lay_out(library.engine, store, keys, stored, heads))
    assert written == together
    expected = library.engine.scan_keys(stored[0], heads)
    for one in (*first, *again):
        assert torch.equal(one.codes, expected.codes)
        assert torch.equal(one.scales, expected.scales)


def _drained(work: Any) -> Any:
    while True:
        try:
            next(work)
        except StopIteration as stop:
            return stop.value
