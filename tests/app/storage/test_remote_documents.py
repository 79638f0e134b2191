"""Documents, texts and original files in an object store, with marks of them in the folder that machines share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

pytest.importorskip("s3fs")
pytest.importorskip("moto")

from wholedoc.errors import EncryptionError, StoreError, UnknownDocumentError
from wholedoc.storage.files.sealing import MARK, Seal
from wholedoc.storage.folder import LibraryFolder
from wholedoc.storage.remote.bucket import Bucket
from wholedoc.storage.remote.place import CACHE_GB_VARIABLE, CACHE_VARIABLE, VARIABLE
from wholedoc.storage.shelf import Shelf

from .objects import objects

WORDS = "The lamp at Cold Point was lit. " * 40
KEY = Seal(bytes(32))


@pytest.fixture
def shared(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a library that two machines use, with an object store."""
    monkeypatch.setenv(VARIABLE, address)
    return tmp_path / "shared"


def machine(shared: Path, name: str, monkeypatch: pytest.MonkeyPatch, seal: Seal | None = None) -> Shelf:
    """The library as a machine opens it that has a cache of its own."""
    monkeypatch.setenv(CACHE_VARIABLE, str(shared.parent / name))
    folder = LibraryFolder(shared, seal)
    folder.check_format()
    return Shelf(folder)


@pytest.fixture
def one(shared: Path, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    return machine(shared, "one", monkeypatch)


@pytest.fixture
def two(shared: Path, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    return machine(shared, "two", monkeypatch)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "lamp.txt"
    path.write_text(WORDS)
    return path


def everywhere(folder: Path) -> bytes:
    """The content of all files below a folder."""
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_what_one_machine_adds_another_has_whole(one: Shelf, two: Shelf, file: Path, shared: Path) -> None:
    document = one.parse(file)
    text = one.remember("A text that a program sent, long enough to be one.")
    assert two.known(document.id) == document
    assert two.known(text.id) == text
    assert [info.name for info in two.documents()] == ["lamp.txt"]
    originals = two.folder.originals
    assert originals.size(document.id) == len(WORDS)
    assert originals.head(document.id, 8) == WORDS[:8].encode()
    with originals.opened(document.id) as path:
        assert path is not None
        assert path.read_text() == WORDS
    assert b"Cold Point" not in everywhere(shared)  # marks alone
    assert sorted(name.partition("/")[0] for name in objects(os.environ[VARIABLE])) == [
        "documents",
        "files",
        "texts",
    ]


def test_what_is_in_the_cache_is_not_fetched_again(
    one: Shelf, two: Shelf, file: Path, monkeypatch: pytest.MonkeyPatch, shared: Path
) -> None:
    id = one.parse(file).id
    assert two.folder.originals.read(id) == WORDS.encode()
    assert two.known(id) is not None
    monkeypatch.setattr(Bucket, "get", lambda *_: pytest.fail("it is fetched"))
    again = machine(shared, "two", monkeypatch)
    assert again.folder.originals.read(id) == WORDS.encode()
    assert again.known(id) == two.known(id)


def test_the_cache_is_bounded(one: Shelf, shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = []
    for n in range(4):
        path = tmp_path / f"{n}.txt"
        path.write_text(f"{n} {WORDS}")
        ids.append(one.parse(path).id)
    monkeypatch.setenv(CACHE_GB_VARIABLE, str(2.5 * len(WORDS) / 1e9))
    small = machine(shared, "small", monkeypatch).folder.originals
    for n, id in enumerate(ids):
        assert small.read(id) == f"{n} {WORDS}".encode()
    assert 0 < len(everywhere(tmp_path / "small")) <= 2.6 * len(WORDS)


def test_what_is_removed_is_gone_for_all(one: Shelf, two: Shelf, file: Path, tmp_path: Path, shared: Path) -> None:
    other = tmp_path / "other.txt"
    other.write_text("Another one. " * 20)
    kept = one.parse(other)
    id = one.parse(file).id
    two.folder.originals.read(id)
    two.remove(id)
    for shelf in (one, two):
        assert shelf.known(id) is None
        assert shelf.folder.originals.read(id) is None
        assert shelf.known(kept.id) == kept
    assert not [name for name in objects(os.environ[VARIABLE]) if id in name]
    assert b"Cold Point" not in everywhere(tmp_path / "two")
    assert one.parse(file).id == id  # and it can come again
    assert two.folder.originals.read(id) == WORDS.encode()


@pytest.mark.parametrize("content", [None, WORDS[:100].encode(), b""])
def test_a_lost_or_cut_object_is_one_clear_error_and_the_file_mends_it(
    one: Shelf, two: Shelf, file: Path, content: bytes | None
) -> None:
    document = one.parse(file)
    bucket = Bucket(os.environ[VARIABLE])
    for name in objects(bucket.address):
        bucket.remove(name) if content is None else bucket.put({name: content})
    with pytest.raises(UnknownDocumentError, match="lost or damaged: add its file again"):
        two.document(document.id)
    assert two.folder.originals.read(document.id) is None
    assert two.documents() == []
    assert one.document(document.id) == document  # from its cache
    one.parse(file)
    assert two.document(document.id) == document
    assert two.folder.originals.read(document.id) == WORDS.encode()


def test_damage_in_the_cache_is_mended_from_the_store(one: Shelf, two: Shelf, file: Path, tmp_path: Path) -> None:
    id = one.parse(file).id
    two.folder.originals.read(id)
    for path in (tmp_path / "two").rglob(f"{id}*"):
        path.write_bytes(path.read_bytes()[:-1])
    assert two.folder.originals.read(id) == WORDS.encode()


def test_a_store_that_cannot_be_reached_is_an_error_and_no_loss(
    one: Shelf, two: Shelf, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(*_: object) -> None:
        raise StoreError("the network has gone")

    with monkeypatch.context() as patch:
        patch.setattr(Bucket, "put", lost)
        with pytest.raises(StoreError, match="has gone"):
            one.parse(file)
    assert two.ids() == []
    document = one.parse(file)
    with monkeypatch.context() as patch:
        patch.setattr(Bucket, "get", lost)
        with pytest.raises(StoreError, match="has gone"):
            two.known(document.id)
    assert two.known(document.id) == document


def test_objects_are_sealed_with_the_key(shared: Path, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = (machine(shared, name, monkeypatch, KEY) for name in ("one", "two"))
    document = one.parse(file)
    bucket = Bucket(os.environ[VARIABLE])
    assert len(objects(bucket.address)) == 2
    for name in objects(bucket.address):
        assert (bucket.get(name) or b"").startswith(MARK)
    assert two.known(document.id) == document
    assert two.folder.originals.read(document.id) == WORDS.encode()
    assert two.folder.originals.size(document.id) == len(WORDS)
    assert b"Cold Point" not in everywhere(shared.parent / "two")
    with pytest.raises(EncryptionError):
        machine(shared, "two", monkeypatch)


def test_a_library_in_the_clear_is_encrypted_with_its_objects(
    one: Shelf, shared: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = one.parse(file)
    folder = LibraryFolder(shared, KEY)
    assert folder.encrypt() == 2
    assert folder.encrypt() == 0
    bucket = Bucket(os.environ[VARIABLE])
    contents = [bucket.get(name) or b"" for name in objects(bucket.address)]
    assert [content.startswith(MARK) for content in contents] == [True, True]
    two = machine(shared, "two", monkeypatch, KEY)
    assert two.known(document.id) == document
    assert two.folder.originals.read(document.id) == WORDS.encode()
    assert b"Cold Point" not in everywhere(shared) + everywhere(shared.parent / "one")


def test_prune_removes_objects_without_a_mark_and_no_other(
    one: Shelf, two: Shelf, file: Path, monkeypatch: pytest.MonkeyPatch, shared: Path
) -> None:
    id = one.parse(file).id
    bucket = Bucket(os.environ[VARIABLE])
    bucket.put({f"files/{id}.{'0' * 16}": b"12345", f"documents/{'f' * 64}.json.{'0' * 16}": b"123"})
    assert two.folder.prune() == 0  # their marks may be on their way
    later = os.stat(shared).st_mtime + 7200
    monkeypatch.setattr("wholedoc.storage.remote.bucket.time.time", lambda: later)
    monkeypatch.setattr("wholedoc.storage.files.originals.time.time", lambda: later)
    assert two.folder.prune() == 8
    assert len(objects(bucket.address)) == 2
    assert two.folder.originals.read(id) == WORDS.encode()


def test_documents_from_before_the_object_store_are_read_where_they_are(
    tmp_path: Path, address: str, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = Shelf(LibraryFolder(tmp_path / "shared"))
    document = before.parse(file)
    monkeypatch.setenv(VARIABLE, address)
    one = machine(tmp_path / "shared", "one", monkeypatch)
    assert one.known(document.id) == document
    assert one.folder.originals.read(document.id) == WORDS.encode()
    one.remove(document.id)
    assert one.known(document.id) is None
