"""Chunks in an S3-compatible object store: shared by machines, whole or not there, with a bounded cache on each."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("s3fs")
pytest.importorskip("moto")

from parallelcomp import KVPrecision
from wholedoc import Library, Planned, Settings
from wholedoc.errors import EncryptionError, StoreError
from wholedoc.storage.choosing import chunk_store
from wholedoc.storage.chunks.chunk_store import ChunkStore, chunk_key
from wholedoc.storage.chunks.chunk_writer import ChunkWriter
from wholedoc.storage.files.kept import CLEAR, KeptFiles
from wholedoc.storage.files.sealing import MARK, Seal
from wholedoc.storage.folder import LibraryFolder
from wholedoc.storage.remote.bucket import Bucket
from wholedoc.storage.remote.chunks import RemoteChunkStore
from wholedoc.storage.remote.disk_cache import DiskCache
from wholedoc.storage.remote.place import CACHE_VARIABLE, VARIABLE, RemotePlace

from .objects import objects
from .test_chunk_store import assert_same, some_kv

KEY, OTHER = (chunk_key("model", (1, 2), (3, 4, n), KVPrecision.INT4) for n in (5, 6))
KV, OTHER_KV = some_kv(KVPrecision.INT8, seed=1), some_kv(KVPrecision.INT8, seed=2)


def machine(address: str, folder: Path, name: str, files: KeptFiles = CLEAR, most: int = 10**9) -> RemoteChunkStore:
    """A machine's store: the folder of marks is shared, the cache is not."""
    return RemoteChunkStore(folder / "kv", RemotePlace(address, folder / name, most), files)


@pytest.fixture
def one(address: str, tmp_path: Path) -> RemoteChunkStore:
    return machine(address, tmp_path, "one")


@pytest.fixture
def two(address: str, tmp_path: Path) -> RemoteChunkStore:
    return machine(address, tmp_path, "two")


def cached(store: ChunkStore) -> list[Path]:
    return [path for path in store.folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize("precision", KVPrecision)
def test_what_one_machine_puts_another_finds_to_the_bit(
    one: RemoteChunkStore, two: RemoteChunkStore, address: str, precision: KVPrecision
) -> None:
    kv = some_kv(precision)
    assert KEY not in two
    assert two.get(KEY) is None
    one.put(KEY, kv)
    assert KEY in two
    assert_same(two.get(KEY), kv)
    assert list(two) == [KEY]
    assert two.size(KEY) == two.total() == sum(objects(address).values()) > 0


def test_what_is_in_the_cache_is_not_fetched_again(
    one: RemoteChunkStore, two: RemoteChunkStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    one.put(KEY, KV)
    two.get(KEY)
    monkeypatch.setattr(Bucket, "get", lambda *_: pytest.fail("it is fetched"))
    for store in (one, two):
        assert_same(store.get(KEY), KV)


def test_chunks_are_stored_beside_the_computing(one: RemoteChunkStore, two: RemoteChunkStore) -> None:
    durable: list[str] = []
    with ChunkWriter(one, 2, durable=durable.append) as writer:
        writer.put(KEY, KV)
        writer.put(OTHER, OTHER_KV)
    assert durable == [KEY, OTHER]
    assert_same(two.get(KEY), KV)
    assert_same(two.get(OTHER), OTHER_KV)


def test_a_chunk_is_there_for_others_only_when_it_is_whole(
    one: RemoteChunkStore, two: RemoteChunkStore, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(*_: object) -> None:
        raise StoreError("the network has gone")

    with monkeypatch.context() as patch:
        patch.setattr(Bucket, "put", lost)
        with pytest.raises(StoreError, match="has gone"), ChunkWriter(one, 2) as writer:
            writer.put(KEY, KV)
    assert KEY not in one
    assert one.get(KEY) is None
    assert two.get(KEY) is None
    one.put(KEY, KV)
    assert_same(two.get(KEY), KV)
    assert len(objects(address)) == 1


def test_who_was_killed_before_the_mark_leaves_an_object_that_prune_removes(
    one: RemoteChunkStore, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    one.put(OTHER, OTHER_KV)
    Bucket(address).put({"ab/left.safetensors": b"12345"})
    assert one.remove_unknown() == 0  # its mark may be on its way
    monkeypatch.setattr("wholedoc.storage.remote.bucket.time.time", lambda: os.stat(one.marks).st_mtime + 7200)
    assert one.remove_unknown() == 5
    assert_same(one.get(OTHER), OTHER_KV)
    assert len(objects(address)) == 1


def test_what_is_removed_is_gone_for_all_machines(
    one: RemoteChunkStore, two: RemoteChunkStore, address: str
) -> None:
    one.put(KEY, KV)
    one.put(OTHER, OTHER_KV)
    two.get(KEY)
    one.remove(KEY)
    assert KEY not in two
    assert two.get(KEY) is None  # although it was in the cache
    assert not any(KEY in str(path) for path in (*cached(one), *cached(two)))
    assert [name for name in objects(address) if KEY in name] == []
    assert_same(two.get(OTHER), OTHER_KV)


def test_damage_in_the_cache_is_mended_from_the_store(one: RemoteChunkStore) -> None:
    one.put(KEY, KV)
    one.path(KEY).write_bytes(b"damaged")
    assert_same(one.get(KEY), KV)
    assert one.damaged == []


def test_a_damaged_object_is_removed_and_read_anew(
    one: RemoteChunkStore, two: RemoteChunkStore, address: str
) -> None:
    one.put(KEY, KV)
    Bucket(address).put(dict.fromkeys(objects(address), b"damaged"))
    assert two.get(KEY) is None
    assert two.damaged == [KEY]
    assert KEY not in two
    assert objects(address) == {}
    two.put(KEY, KV)
    assert_same(two.get(KEY), KV)


def test_the_cache_is_bounded_and_what_was_used_least_recently_goes(address: str, tmp_path: Path) -> None:
    keys = [chunk_key("model", (), (n,), KVPrecision.INT8) for n in range(5)]
    whole = machine(address, tmp_path, "whole")
    for n, key in enumerate(keys):
        whole.put(key, some_kv(KVPrecision.INT8, seed=n))
    size = whole.size(keys[0])
    small = machine(address, tmp_path, "small", most=int(2.5 * size))
    for n, key in enumerate(keys[:3]):
        assert_same(small.get(key), some_kv(KVPrecision.INT8, seed=n))
        os.utime(small.path(key), (n, n))
    small.get(keys[1])  # so that the third was used least recently
    small.get(keys[3])
    assert {path.stem for path in cached(small)} == {keys[1], keys[3]}
    held = small.get(keys[4])
    for n, key in enumerate(keys[:4]):
        assert_same(small.get(key), some_kv(KVPrecision.INT8, seed=n))
    assert sum(path.stat().st_size for path in cached(small)) <= 2.5 * size
    assert_same(held, some_kv(KVPrecision.INT8, seed=4))  # it is mapped still


def test_a_cache_larger_than_its_limit_keeps_what_was_just_added(tmp_path: Path) -> None:
    path = tmp_path / "large"
    path.write_bytes(bytes(100))
    DiskCache(tmp_path, 10).added(100)
    assert path.exists()


def test_objects_are_sealed_with_the_key(address: str, tmp_path: Path) -> None:
    seal = KeptFiles(Seal(bytes(32)))
    one, two = (machine(address, tmp_path, name, seal) for name in ("one", "two"))
    one.put(KEY, KV)
    (name,) = objects(address)
    content = Bucket(address).get(name)
    assert content is not None
    assert content.startswith(MARK)
    assert_same(two.get(KEY), KV)
    with pytest.raises(EncryptionError):
        machine(address, tmp_path, "without").get(KEY)
    assert KEY in one


def test_a_store_that_cannot_be_reached_is_one_sentence(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import s3fs

    with pytest.raises(StoreError, match="no-such-bucket"):
        machine("s3://no-such-bucket/x", tmp_path, "one").put(KEY, KV)
    with pytest.raises(StoreError, match="check the address"):
        Bucket("nowhere://x/y").get("a")
    with socket.socket() as nobody:  # bound, and does not listen
        nobody.bind(("127.0.0.1", 0))
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{nobody.getsockname()[1]}")
        s3fs.S3FileSystem.clear_instance_cache()
        with pytest.raises(StoreError, match="connect to the endpoint"):
            Bucket(address).get("a")
    monkeypatch.undo()
    s3fs.S3FileSystem.clear_instance_cache()


def test_what_is_not_there_is_no_error(address: str) -> None:
    assert Bucket(address).get("none") is None
    Bucket(address).remove("none")


def test_the_environment_names_the_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert RemotePlace.from_environment({}) is None
    place = RemotePlace.from_environment(
        {VARIABLE: "s3://a/b/", CACHE_VARIABLE: "/c", "WHOLEDOC_STORE_CACHE_GB": "2"}
    )
    assert place == RemotePlace("s3://a/b", Path("/c"), 2_000_000_000)
    for wrong in (
        {VARIABLE: "bucket"},
        {VARIABLE: "s3://"},
        {VARIABLE: "s3://a", "WHOLEDOC_STORE_CACHE_GB": "much"},
    ):
        with pytest.raises(StoreError):
            RemotePlace.from_environment(wrong)
    assert type(chunk_store(tmp_path, CLEAR)) is ChunkStore
    monkeypatch.setenv(VARIABLE, "s3://a/b")
    assert type(chunk_store(tmp_path, CLEAR)) is RemoteChunkStore


# The library


@pytest.mark.embedded
def test_a_document_is_read_once_for_all_machines_and_answers_alike(
    address: str, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "log.txt"
    path.write_text("\n\n".join(f"Entry {n}. {n * 13} crates of salt came in." for n in range(60)))
    plain = Library.open(tmp_path / "plain", settings)
    expected = plain.ask([plain.add(path).id], "What came in?")
    monkeypatch.setenv(VARIABLE, address)
    first, second = (opened(settings, tmp_path, name, monkeypatch) for name in ("one", "two"))
    info = first.add(path)
    assert info.warm == 1
    assert info.bytes == sum(
        size for name, size in objects(address).items() if ".safetensors" in name or ".scan" in name
    )
    assert list((first.folder.path / "kv").rglob("*.safetensors")) == []  # marks alone
    events = list(second.stream([info.id], "What came in?"))
    (planned,) = (event for event in events if isinstance(event, Planned))
    assert planned.cached_tokens == planned.tokens
    for library in (first, second):
        answer = library.ask([info.id], "What came in?")
        assert replace(answer, usage=expected.usage, timings=expected.timings) == expected
    assert second.folder.verify().damaged == ()
    second.remove(info.id)
    assert objects(address) == {}
    assert list((first.folder.path / "kv").glob("*/*.stored")) == []


def test_a_library_stays_with_its_object_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "s3://a/b")
    LibraryFolder(tmp_path).check_format()
    LibraryFolder(tmp_path).check_format()
    for other in ("s3://a/c", ""):
        monkeypatch.setenv(VARIABLE, other)
        with pytest.raises(StoreError, match="are in s3://a/b"):
            LibraryFolder(tmp_path).check_format()


WRITER = """
import sys
from pathlib import Path
from tests.app.storage.test_remote_chunks import machine, some_kv
from parallelcomp import KVPrecision
store = machine(sys.argv[1], Path(sys.argv[2]), "killed")
for n in range(256):
    store.put_together((f"{n:02x}{part}" + "0" * 30, some_kv(KVPrecision.BF16, seed=n)) for part in "abcd")
"""


def test_a_writer_that_is_killed_leaves_whole_chunks(address: str, tmp_path: Path) -> None:
    command = [sys.executable, "-c", WRITER, address, str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(command, env=environment, cwd=Path(__file__).parents[3]) as writer:
        while len(list((tmp_path / "kv").glob("*/*.stored"))) < 9:
            assert writer.poll() is None
            time.sleep(0.05)
        writer.kill()
    other = machine(address, tmp_path, "other")
    keys = list(other)
    assert len(keys) >= 9
    for key in keys:
        assert_same(other.get(key), some_kv(KVPrecision.BF16, seed=int(key[:2], 16)))
    assert other.damaged == []


def opened(settings: Settings, folder: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> Library:
    """A library of all machines, as one of them opens it."""
    monkeypatch.setenv(CACHE_VARIABLE, str(folder / name))
    return Library.open(folder / "shared", settings)


def test_encrypting_leaves_nothing_in_the_clear_in_the_store(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, address)
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    clear = LibraryFolder(tmp_path / "library")
    clear.check_format()
    clear.store.put(KEY, KV)
    sealed = LibraryFolder(tmp_path / "library", Seal(bytes(32)))
    sealed.encrypt()
    assert objects(address) == {}
    assert cached(sealed.store) == []
    sealed.store.put(KEY, KV)
    assert_same(sealed.store.get(KEY), KV)
