"""Chunks that are written beside the computing: all of them, durable when it is said, and never many in memory."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
import torch

from parallelcomp import KVPrecision, StoredKV, store_kv
from wholedoc.errors import LibraryError
from wholedoc.storage.chunks.chunk_store import ChunkStore
from wholedoc.storage.chunks.chunk_writer import ChunkWriter

KEYS = [f"{number:02}" * 20 for number in range(8)]
SECONDS = 60  # far more than anything here takes


def some_kv(seed: int = 0) -> StoredKV:
    layers = list(torch.randn(2, 2, 3, 5, 8, generator=torch.Generator().manual_seed(seed)))
    return store_kv([(keys, values) for keys, values in layers], KVPrecision.INT8, torch.device("cpu"))


class SlowStore(ChunkStore):
    """A store on a disk that waits for `go` before it writes anything. `groups` are the keys written together."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.go, self.begun = threading.Event(), threading.Event()
        self.groups: list[list[str]] = []

    def put_together(self, chunks: Iterable[tuple[str, StoredKV]]) -> None:
        self.begun.set()
        assert self.go.wait(SECONDS)
        group = list(chunks)
        self.groups.append([key for key, _ in group])
        super().put_together(group)


def write(store: ChunkStore, keys: Iterable[str], *, waiting: int = 4, error: BaseException | None = None) -> None:
    with ChunkWriter(store, waiting) as writer:
        for key in keys:
            writer.put(key, some_kv())
        if error is not None:
            raise error


@pytest.fixture
def store(tmp_path: Path) -> SlowStore:
    return SlowStore(tmp_path / "kv")


def test_everything_is_durable_when_the_block_has_been_left(store: SlowStore) -> None:
    store.go.set()
    told: list[str] = []
    with ChunkWriter(store, 2, durable=lambda key: told.append(key) if key in store else None) as writer:
        for number, key in enumerate(KEYS):
            writer.put(key, some_kv(number))
    assert told == KEYS
    assert sorted(store) == sorted(KEYS)
    assert store.unwritten == {}
    for number, key in enumerate(KEYS):
        found = store.get(key)
        assert found is not None
        for name, tensor in some_kv(number).tensors().items():
            assert torch.equal(found.tensors()[name], tensor)


def test_putting_waits_for_no_disk_until_so_many_chunks_wait_and_those_are_written_together(
    store: SlowStore,
) -> None:
    """One is being written and three wait: the fifth has to wait for the disk."""
    with ChunkWriter(store, 3) as writer:
        writer.put(KEYS[0], some_kv())
        assert store.begun.wait(SECONDS)
        for key in KEYS[1:4]:
            writer.put(key, some_kv())
        assert set(store.unwritten) == set(KEYS[:4])
        assert list(store) == []
        fifth = threading.Thread(target=writer.put, args=(KEYS[4], some_kv()))
        fifth.start()
        fifth.join(0.05)
        assert fifth.is_alive()
        store.go.set()
        fifth.join(SECONDS)
        assert not fifth.is_alive()
    assert store.groups[0] == KEYS[:1]
    assert store.groups[1][:3] == KEYS[1:4]
    assert [key for group in store.groups for key in group] == KEYS[:5]


def test_a_full_disk_is_told_at_the_next_chunk_and_nobody_waits_for_ever(
    store: SlowStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        store.begun.set()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store, "put_together", full)
    for keys in (KEYS * 100, KEYS[:1]):  # the error of the last one is told when the block is left
        with pytest.raises(LibraryError, match="full"):
            write(store, keys, waiting=1)
    assert store.unwritten == {}


def test_an_error_of_the_computing_comes_first_and_what_was_put_is_kept(store: SlowStore) -> None:
    store.go.set()
    with pytest.raises(KeyboardInterrupt):
        write(store, KEYS[:1], error=KeyboardInterrupt())
    assert list(store) == KEYS[:1]


def test_a_chunk_is_fetched_by_the_writers_thread_and_that_is_begun_by_the_one_that_computes(
    store: SlowStore,
) -> None:
    """So that a GPU's copy waits for what was launched before the chunk was put, and for nothing later."""
    store.go.set()
    threads: list[threading.Thread] = []

    def begin(kv: StoredKV) -> Callable[[], StoredKV]:
        threads.append(threading.current_thread())
        return lambda: (threads.append(threading.current_thread()), kv)[1]

    with ChunkWriter(store, 1, fetching=begin) as writer:
        writer.put(KEYS[0], some_kv())
    begun, fetched = threads
    assert begun is threading.current_thread()
    assert fetched.name == "chunk-writer"


def test_a_chunk_that_is_removed_on_its_way_does_not_come_after_that(store: SlowStore) -> None:
    with ChunkWriter(store, 4) as writer:
        writer.put(KEYS[0], some_kv())
        assert store.begun.wait(SECONDS)
        removing = threading.Thread(target=store.remove, args=(KEYS[0],))
        removing.start()
        removing.join(0.05)
        assert removing.is_alive()
        store.go.set()
    removing.join(SECONDS)
    assert list(store) == []
