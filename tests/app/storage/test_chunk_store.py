"""The chunk store: exact, whole or not there, and no damage goes unnoticed."""

from __future__ import annotations

import json
import os
import struct
from pathlib import Path

import pytest
import torch

from parallelcomp import KVPrecision, StoredKV, store_kv
from wholedoc.storage.chunks import chunk_store as store_module
from wholedoc.storage.chunks.chunk_store import ChunkStore, checksum, chunk_key
from wholedoc.storage.files.atomic import WrittenTogether, write_atomically

KEY = chunk_key("model", (1, 2), (3, 4, 5), KVPrecision.INT4)


def some_kv(precision: KVPrecision, tokens: int = 37, seed: int = 0) -> StoredKV:
    generator = torch.Generator().manual_seed(seed)
    layers = [tuple(torch.randn(2, 3, tokens, 8, generator=generator)) for _ in range(2)]
    return store_kv([(keys, values) for keys, values in layers], precision, torch.device("cpu"))


def assert_same(found: StoredKV | None, expected: StoredKV) -> None:
    assert found is not None
    assert type(found) is type(expected)
    assert (found.precision, found.tokens, found.nbytes) == (
        expected.precision,
        expected.tokens,
        expected.nbytes,
    )
    for name, tensor in expected.tensors().items():
        assert found.tensors()[name].dtype == tensor.dtype
        assert torch.equal(found.tensors()[name], tensor)


@pytest.fixture
def store(tmp_path: Path) -> ChunkStore:
    return ChunkStore(tmp_path / "chunks")


@pytest.mark.parametrize("precision", KVPrecision)
@pytest.mark.parametrize("tokens", [1, 37, 64])
def test_what_is_put_is_found_again_to_the_bit(store: ChunkStore, precision: KVPrecision, tokens: int) -> None:
    kv = some_kv(precision, tokens)
    assert KEY not in store
    store.put(KEY, kv)
    assert KEY in store
    assert_same(store.get(KEY), kv)
    assert_same(ChunkStore(store.folder).get(KEY), kv)
    assert store.damaged == []


def test_what_is_put_twice_is_the_later(store: ChunkStore) -> None:
    store.put(KEY, some_kv(KVPrecision.BF16, seed=1))
    store.put(KEY, some_kv(KVPrecision.INT2, seed=2))
    assert_same(store.get(KEY), some_kv(KVPrecision.INT2, seed=2))


def test_what_was_read_outlives_its_file(store: ChunkStore) -> None:
    """The tensors are mapped from it: a chunk that is written anew or removed must not change one in use."""
    kv = some_kv(KVPrecision.INT8)
    store.put(KEY, kv)
    found = store.get(KEY)
    store.put(KEY, some_kv(KVPrecision.INT8, seed=9))
    assert_same(found, kv)
    store.path(KEY).unlink()
    assert_same(found, kv)


def test_a_missing_file_is_none_and_no_damage(store: ChunkStore) -> None:
    assert store.get(KEY) is None
    assert store.damaged == []


@pytest.mark.parametrize("precision", KVPrecision)
def test_a_flipped_byte_of_any_tensor_is_caught(store: ChunkStore, precision: KVPrecision) -> None:
    """At both ends of every tensor; the file is put away and the chunk can be written again."""
    kv = some_kv(precision)
    store.put(KEY, kv)
    whole = store.path(KEY).read_bytes()
    for place in ends_of_tensors(whole):
        damaged = bytearray(whole)
        damaged[place] ^= 0x10
        store.path(KEY).write_bytes(damaged)
        assert store.get(KEY) is None
        assert store.damaged.pop() == KEY
        assert KEY not in store
    assert store.damaged == []
    store.put(KEY, kv)
    assert_same(store.get(KEY), kv)


def ends_of_tensors(data: bytes) -> list[int]:
    """Offsets in a safetensors file of each tensor's first and last byte."""
    (header_bytes,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + header_bytes])
    header.pop("__metadata__")
    spans = [entry["data_offsets"] for entry in header.values()]
    return [8 + header_bytes + place for begin, end in spans for place in (begin, end - 1)]


def test_a_flipped_byte_of_the_header_is_caught(store: ChunkStore) -> None:
    """Names, shapes, number formats, version and precision stand there."""
    store.put(KEY, some_kv(KVPrecision.INT4, tokens=5))
    whole = store.path(KEY).read_bytes()
    (header_bytes,) = struct.unpack("<Q", whole[:8])
    for place in range(8 + header_bytes):
        changed = bytearray(whole)
        changed[place] ^= 0x01
        store.path(KEY).write_bytes(changed)
        assert store.get(KEY) is None


def test_swapped_tensors_are_caught(store: ChunkStore) -> None:
    """Keys and values have the same shape: the checksum is of names as well as of bytes."""
    kv = some_kv(KVPrecision.INT8)
    metadata = {"version": store_module.VERSION, "precision": "int8"}
    tensors = kv.tensors()
    swapped = {**tensors, "key_codes": tensors["value_codes"], "value_codes": tensors["key_codes"]}
    assert checksum(metadata, tensors) != checksum(metadata, swapped)
    assert checksum(metadata, tensors) == checksum(metadata, dict(reversed(tensors.items())))
    assert checksum(metadata, tensors) != checksum({**metadata, "precision": "int4"}, tensors)


def test_a_file_that_cannot_be_opened_now_is_kept(store: ChunkStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Too many open files, or no permission, say nothing of what is in it."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError("Too many open files")

    kv = some_kv(KVPrecision.INT4)
    store.put(KEY, kv)
    with monkeypatch.context() as patch:
        patch.setattr(store_module, "safe_open", refuse)
        with pytest.raises(OSError, match="Too many"):
            store.get(KEY)
    assert store.damaged == []
    assert_same(store.get(KEY), kv)


@pytest.mark.parametrize("kept", [0, 3, 8, 100, -1])
def test_a_truncated_file_is_put_away(store: ChunkStore, kept: int) -> None:
    store.put(KEY, some_kv(KVPrecision.INT4))
    path = store.path(KEY)
    path.write_bytes(path.read_bytes()[:kept])
    assert store.get(KEY) is None
    assert store.damaged == [KEY]
    assert not path.exists()


def test_a_file_that_is_no_safetensors_is_put_away(store: ChunkStore) -> None:
    store.path(KEY).parent.mkdir(parents=True)
    store.path(KEY).write_bytes(b"what is this" * 100)
    assert store.get(KEY) is None
    assert store.damaged == [KEY]


def test_a_file_of_another_version_is_not_read_and_not_called_damaged(
    store: ChunkStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    kv = some_kv(KVPrecision.INT4)
    monkeypatch.setattr(store_module, "VERSION", "999")
    store.put(KEY, kv)
    monkeypatch.undo()
    assert store.get(KEY) is None
    assert store.damaged == []
    store.put(KEY, kv)
    assert_same(store.get(KEY), kv)


def test_tensors_that_are_not_those_of_the_precision_are_put_away(store: ChunkStore) -> None:
    """Written so by a fault of ours, the checksum right."""

    class Wrong:
        precision = KVPrecision.INT2
        tensors = staticmethod(some_kv(KVPrecision.INT8).tensors)

    store.put(KEY, Wrong())  # type: ignore[arg-type]
    assert store.get(KEY) is None
    assert store.damaged == [KEY]


def test_a_key_changes_with_all_that_the_kv_depends_on() -> None:
    arguments = [
        ("model", (1, 2), (3, 4), KVPrecision.BF16),
        ("other", (1, 2), (3, 4), KVPrecision.BF16),
        ("model", (1, 2, 3), (4,), KVPrecision.BF16),
        ("model", (2, 1), (3, 4), KVPrecision.BF16),
        ("model", (1, 2), (4, 3), KVPrecision.BF16),
        *(("model", (1, 2), (3, 4), precision) for precision in KVPrecision if precision.value != "bf16"),
    ]
    assert len({chunk_key(*one) for one in arguments}) == len(arguments)
    assert chunk_key(*arguments[0]) == chunk_key("model", [1, 2], [3, 4], KVPrecision.BF16)


def test_a_write_that_fails_leaves_the_old_file_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    path = folder / "file"
    write_atomically(path, b"old")

    def full(descriptor: int) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="no space"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(folder.iterdir()) == [path]


def test_files_that_are_written_together_have_their_names_once_all_are_on_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that is there before its file is durable would be an empty file after the power fails."""
    steps: list[str] = []
    real_fsync, real_replace = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda handle: (steps.append("force"), real_fsync(handle)))
    monkeypatch.setattr(os, "replace", lambda old, new: (steps.append("name"), real_replace(old, new)))
    folder = tmp_path / "folder"
    folder.mkdir()
    with WrittenTogether() as files:
        for name in "abc":
            files.write(folder / name, name.encode())
        assert not {"a", "b", "c"} & set(os.listdir(folder))
    assert steps == ["force"] * 3 + ["name"] * 3
    assert sorted(os.listdir(folder)) == ["a", "b", "c"]


def test_of_files_that_are_written_together_those_before_an_error_are_kept(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()

    def write_both() -> None:
        with WrittenTogether() as files:
            files.write(folder / "a", b"whole")
            files.write(folder / "not there" / "b", b"never")

    with pytest.raises(FileNotFoundError):
        write_both()
    assert (folder / "a").read_bytes() == b"whole"
    assert os.listdir(folder) == ["a"]


def test_nothing_but_whole_files_is_in_the_folder(store: ChunkStore) -> None:
    store.put(KEY, some_kv(KVPrecision.INT4))
    assert [path for path in store.folder.rglob("*") if path.is_file()] == [store.path(KEY)]
