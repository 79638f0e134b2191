"""A device that is full in the middle of a question, documents that make room for others, long loading, and KV that
is more than the memory."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor

from parallelcomp import DeviceMemoryError, Engine, KVWay, MemoryPlan
from wholedoc import Document, Library, Reading, Settings
from wholedoc.errors import LibraryError
from wholedoc.reading import through_store
from wholedoc.runtime.turns import Turns
from wholedoc.storage.chunks.chunk_store import ChunkStore

pytestmark = pytest.mark.embedded


@pytest.fixture
def document(library: Library, tmp_path: Path) -> Document:
    path = tmp_path / "log.txt"
    path.write_text("\n\n".join(f"Entry {n}: vessel {n * 7} with {n * 13} crates of salt." for n in range(60)))
    return library.parse(path)


class FullDevice:
    """`Engine.score` of a device that has no memory left after the first chunk. `held` are the tensors of then."""

    def __init__(self) -> None:
        self.held: list[weakref.ref[Tensor]] = []

    def score(self, engine: Engine, *_: Any, **__: Any) -> Iterator[Any]:
        large = torch.zeros(1000)
        self.held.append(weakref.ref(large))
        yield from self._fail(large)

    def _fail(self, large: Tensor) -> Iterator[Any]:
        larger = large + 1
        self.held.append(weakref.ref(larger))
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 80.00 GiB.")
        yield


def test_a_full_device_is_one_clear_error_that_holds_nothing_and_the_next_question_works(
    library: Library, document: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = library.ask([document], "How many crates came in?")
    full = FullDevice()
    with monkeypatch.context() as patch:
        patch.setattr(Engine, "score", lambda engine, *given, **named: full.score(engine, *given, **named))
        with pytest.raises(DeviceMemoryError, match="ask again") as raised:
            library.ask([document], "How many crates came in?")
    assert [one() for one in full.held] == [None, None]  # though the error is still held here
    assert raised.value.__suppress_context__ or not isinstance(raised.value.__context__, KeyError)
    assert not library.turns.busy
    again = library.ask([document], "How many crates came in?")
    assert (again.text, again.citations) == (expected.text, expected.citations)


def test_the_error_of_a_full_device_is_that_of_whoever_took_a_turn() -> None:
    turns = Turns()

    def fail() -> None:
        with turns.take():
            raise torch.OutOfMemoryError("full")

    with pytest.raises(DeviceMemoryError):
        fail()
    with turns.take():
        assert turns.busy


@pytest.mark.parametrize(
    ("message", "full"),
    [
        ("MPS backend out of memory (MPS allocated: 17.9 GB, max allowed: 18.1 GB).", True),
        ("CUDA error: out of memory", True),  # of pinned memory
        ("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`", True),
        ("mat1 and mat2 shapes cannot be multiplied (3x4 and 5x6)", False),
    ],
)
def test_torch_says_in_several_ways_that_memory_is_short(message: str, full: bool) -> None:
    turns = Turns()

    def fail() -> None:
        with turns.take():
            raise RuntimeError(message)

    with pytest.raises(DeviceMemoryError if full else RuntimeError, match="ask again" if full else "shapes"):
        fail()


def test_a_cpu_that_cannot_allocate_is_the_same_error() -> None:
    turns = Turns()

    def fail() -> None:
        with turns.take():
            torch.empty(2**61, dtype=torch.uint8)

    with pytest.raises(DeviceMemoryError):
        fail()


def test_what_a_question_holds_is_shared_and_the_rest_is_freed_when_room_is_made(
    library: Library, document: Document, tmp_path: Path
) -> None:
    """On a CPU nothing has to be freed, but what is held there is held alike."""
    other = tmp_path / "other.txt"
    other.write_text("\n\n".join(f"Item {n} weighs {n * 37} pounds." for n in range(60)))
    at_work = _read(library, document)
    _read(library, library.parse(other))
    assert len(library.held.placed) > len(at_work.chunks)
    library.held.read.clear()
    gc.collect()
    assert len(library.held.placed) == len(at_work.chunks)
    again = _read(library, document)
    assert all(one.kv is same.kv for one, same in zip(again.chunks, at_work.chunks, strict=True))


def test_what_was_removed_from_disk_while_a_question_holds_it_is_read_and_kept_anew(
    library: Library, document: Document
) -> None:
    at_work = _read(library, document)
    library.held.read.clear()
    keys = list(library.folder.store)
    for key in keys:
        library.folder.store.remove(key)
    again = _read(library, document)
    assert len(again.chunks) == len(at_work.chunks)
    assert sorted(library.folder.store) == sorted(keys)


def _read(library: Library, document: Document) -> Any:
    work = library.read(document)
    while True:
        try:
            next(work)
        except StopIteration as stop:
            return stop.value


def test_loading_a_document_gives_others_their_turn_in_between(
    library: Library, document: Document, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is computed for it, but to copy a long document to a device takes seconds."""
    _read(library, document)
    monkeypatch.setattr(through_store, "STEP_S", 0.0)
    again = Library.open(library.folder.path, settings)
    done = [event.tokens for event in again.read(document) if isinstance(event, Reading)]
    chunks = len(next(iter(again.held.read.values())).chunks)
    assert len(done) == chunks + 1
    assert done == sorted(done)
    assert done[-1] == len(again.tokenized(document))


QUESTION = "How many crates of salt did vessel 77 have?"


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The keys of the chunks that were opened, on a machine whose memory holds no document's KV."""
    keys: list[str] = []
    plan, get = Engine.plan, ChunkStore.get

    def planned(engine: Engine, tokens: int, **assumed: int) -> MemoryPlan:
        return replace(plan(engine, tokens, **assumed), way=KVWay.DISK)

    def noted(store: ChunkStore, key: str) -> Any:
        keys.append(key)
        return get(store, key)

    monkeypatch.setattr(Engine, "plan", planned)
    monkeypatch.setattr(ChunkStore, "get", noted)
    return keys


def test_of_kv_that_is_more_than_the_memory_only_what_a_question_needs_is_opened(
    library: Library, document: Document, settings: Settings, opened: list[str]
) -> None:
    expected = library.ask([document], QUESTION)
    again = Library.open(library.folder.path, settings)
    opened.clear()
    read = _read(again, document)
    assert len(read.chunks) == len(list(library.folder.store)) > 0
    assert opened == []
    found = again.ask([document], QUESTION)
    assert (found.text, found.citations) == (expected.text, expected.citations)
    assert 0 < len(opened) == len(set(opened)) <= len(read.chunks)


def test_a_chunk_that_turns_out_to_be_damaged_is_read_again_with_the_next_question(
    library: Library, document: Document, settings: Settings, opened: list[str]
) -> None:
    expected = library.ask([document], QUESTION)
    again = Library.open(library.folder.path, settings)
    _read(again, document)
    store = again.folder.store
    for key in list(store):
        content = bytearray(store.path(key).read_bytes())
        content[-1] ^= 1
        store.path(key).write_bytes(content)
    with pytest.raises(LibraryError, match="ask again"):
        again.ask([document], QUESTION)
    found = again.ask([document], QUESTION)
    assert (found.text, found.citations) == (expected.text, expected.citations)


def test_a_disk_holds_what_the_library_may_take_or_what_is_there(
    library: Library, document: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    _read(library, document)
    stored = library.folder.store.total()
    for free, limit, room in ((10**12, 5000, 5000), (300, 10**12, stored + 300), (300, 1000, 1000)):
        monkeypatch.setattr("wholedoc.storage.folder.disk_usage", lambda _, free=free: SimpleNamespace(free=free))
        assert library.folder.room(limit) == room
