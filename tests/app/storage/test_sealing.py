"""Encryption at rest: what is sealed is opened with its key under its name, and with nothing else."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from parallelcomp import KVPrecision
from wholedoc.documents.document import Document
from wholedoc.errors import EncryptionError, LibraryError
from wholedoc.storage import encrypting
from wholedoc.storage.chunks.chunk_store import ChunkStore, chunk_key
from wholedoc.storage.files.atomic import WrittenTogether
from wholedoc.storage.files.in_memory import file_in_memory
from wholedoc.storage.files.kept import CLEAR, KeptFiles
from wholedoc.storage.files.originals import Originals
from wholedoc.storage.files.sealing import (
    KEY_BYTES,
    KEY_FILE_VARIABLE,
    KEY_VARIABLE,
    OVERHEAD,
    DamagedFileError,
    Seal,
)
from wholedoc.storage.folder import LibraryFolder
from wholedoc.storage.format import Format, Sealing
from wholedoc.storage.people.shelves import Placed

from .test_chunk_store import assert_same, some_kv

SEAL, OTHER = Seal(bytes(range(KEY_BYTES))), Seal(bytes(KEY_BYTES))
SECRET = b"The walrus is called Herbert."
KEY = chunk_key("model", (1, 2), (3, 4, 5), KVPrecision.INT4)
KEY_TEXT = base64.b64encode(bytes(KEY_BYTES)).decode()


@pytest.mark.parametrize("content", [b"", b"x", SECRET, bytes(100_000)])
def test_what_is_sealed_comes_back_and_shows_nothing_but_its_length(content: bytes) -> None:
    first, second = SEAL.seal("notes/a", content), SEAL.seal("notes/a", content)
    assert first != second
    assert len(first) == len(content) + OVERHEAD
    assert SECRET not in first
    assert SEAL.open("notes/a", first) == SEAL.open("notes/a", second) == content


def test_one_changed_bit_anywhere_is_noticed() -> None:
    sealed = SEAL.seal("notes/a", SECRET)
    for place in range(len(sealed)):
        changed = bytearray(sealed)
        changed[place] ^= 1
        with pytest.raises(DamagedFileError):
            SEAL.open("notes/a", bytes(changed))
    for length in range(len(sealed)):
        with pytest.raises(DamagedFileError):
            SEAL.open("notes/a", sealed[:length])


def test_another_name_and_another_key_open_nothing() -> None:
    sealed = SEAL.seal("notes/a", SECRET)
    for seal, name in ((SEAL, "notes/b"), (SEAL, "documents/a"), (OTHER, "notes/a")):
        with pytest.raises(DamagedFileError):
            seal.open(name, sealed)


def test_what_was_never_sealed_is_not_taken_for_it(tmp_path: Path) -> None:
    path = tmp_path / "planted"
    path.write_bytes(SECRET)
    with pytest.raises(DamagedFileError, match="not sealed"):
        KeptFiles(SEAL).read(path)


def test_without_a_key_a_sealed_file_is_no_damaged_one(tmp_path: Path) -> None:
    path = tmp_path / "sealed"
    KeptFiles(SEAL).write(path, SECRET)
    with pytest.raises(EncryptionError, match=KEY_VARIABLE):
        CLEAR.read(path)
    with pytest.raises(EncryptionError):
        CLEAR.first_line(path, 100)


@pytest.mark.parametrize(
    "text", ["", "short", KEY_TEXT[:-4], KEY_TEXT + "AAAA", "ä" * 44, KEY_TEXT.replace("A", "*")]
)
def test_what_is_no_key_is_said(text: str) -> None:
    if not text:
        assert Seal.from_environment({KEY_VARIABLE: text}) is None
        return
    with pytest.raises(EncryptionError, match="openssl rand -base64 32") as raised:
        Seal.from_environment({KEY_VARIABLE: text})
    assert text not in str(raised.value)


def test_the_key_comes_from_the_environment_or_a_file(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(KEY_TEXT + "\n")
    sealed = OTHER.seal("a/b", SECRET)
    for environment in ({KEY_VARIABLE: KEY_TEXT}, {KEY_FILE_VARIABLE: str(file)}):
        seal = Seal.from_environment(environment)
        assert seal is not None
        assert seal.open("a/b", sealed) == SECRET
    with pytest.raises(EncryptionError, match="keep one of them"):
        Seal.from_environment({KEY_VARIABLE: KEY_TEXT, KEY_FILE_VARIABLE: str(file)})
    with pytest.raises(EncryptionError, match="cannot be read"):
        Seal.from_environment({KEY_FILE_VARIABLE: str(tmp_path / "none")})


# Chunks


@pytest.fixture
def store(tmp_path: Path) -> ChunkStore:
    return ChunkStore(tmp_path / "kv", KeptFiles(SEAL))


@pytest.mark.parametrize("precision", KVPrecision)
def test_a_sealed_chunk_is_found_again_to_the_bit(store: ChunkStore, precision: KVPrecision) -> None:
    kv = some_kv(precision)
    store.put(KEY, kv)
    assert_same(store.get(KEY), kv)
    content = store.path(KEY).read_bytes()
    for tensor in kv.tensors().values():
        assert tensor.contiguous().reshape(-1).view(torch.uint8).numpy().tobytes() not in content


def test_a_sealed_chunk_that_was_changed_is_removed(store: ChunkStore) -> None:
    store.put(KEY, some_kv(KVPrecision.BF16))
    content = bytearray(store.path(KEY).read_bytes())
    content[len(content) // 2] ^= 1
    store.path(KEY).write_bytes(content)
    assert store.get(KEY) is None
    assert store.damaged == [KEY]
    assert KEY not in store


def test_a_sealed_chunk_in_anothers_place_is_removed(store: ChunkStore) -> None:
    other = chunk_key("model", (1, 2), (3, 4, 6), KVPrecision.INT4)
    store.put(KEY, some_kv(KVPrecision.BF16))
    store.path(other).parent.mkdir(parents=True, exist_ok=True)
    store.path(other).write_bytes(store.path(KEY).read_bytes())
    assert store.get(other) is None
    assert other not in store
    assert_same(store.get(KEY), some_kv(KVPrecision.BF16))


def test_without_its_key_a_sealed_chunk_stays(store: ChunkStore) -> None:
    store.put(KEY, some_kv(KVPrecision.BF16))
    with pytest.raises(EncryptionError):
        ChunkStore(store.folder).get(KEY)
    assert_same(store.get(KEY), some_kv(KVPrecision.BF16))


def test_a_writer_that_is_stopped_leaves_what_was_there(store: ChunkStore, monkeypatch: pytest.MonkeyPatch) -> None:
    store.put(KEY, some_kv(KVPrecision.BF16, seed=1))

    def refused(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("wholedoc.storage.files.atomic.os.fsync", refused)
        with pytest.raises(OSError, match="No space left"):
            store.put(KEY, some_kv(KVPrecision.BF16, seed=2))
    assert_same(store.get(KEY), some_kv(KVPrecision.BF16, seed=1))
    assert [path for path in store.folder.rglob("*") if path.is_file()] == [store.path(KEY)]


# Originals


def test_an_original_is_opened_in_memory_for_other_processes_too(tmp_path: Path) -> None:
    source, id = tmp_path / "source", "ab" * 32
    source.write_bytes(SECRET)
    originals = Originals(tmp_path / "files", KeptFiles(SEAL))
    originals.put(id, source)
    assert SECRET not in originals.path(id).read_bytes()
    assert (originals.size(id), originals.read(id), originals.head(id, 3)) == (len(SECRET), SECRET, b"The")
    assert originals.readable_path(id) is None
    with originals.opened(id) as path:
        assert path is not None
        assert path.is_file()
        child = [sys.executable, "-c", "import sys; sys.stdout.write(open(sys.argv[1]).read())", str(path)]
        assert subprocess.run(child, capture_output=True, check=True).stdout == SECRET
        assert not path.is_relative_to(tmp_path)
    assert not path.exists()
    with originals.opened("cd" * 32) as missing:
        assert missing is None
    originals.path(id).write_bytes(SECRET)  # not sealed, so nobody with the key has put it there
    with originals.opened(id) as planted:
        assert planted is None


def test_a_file_in_memory_goes_with_its_block() -> None:
    with file_in_memory(SECRET) as path:
        assert path.read_bytes() == SECRET
    assert not path.exists()


# The library's file


def test_a_library_knows_its_key(tmp_path: Path) -> None:
    LibraryFolder(tmp_path, SEAL).check_format()
    LibraryFolder(tmp_path, SEAL).check_format()
    with pytest.raises(EncryptionError, match="another key"):
        LibraryFolder(tmp_path, OTHER).check_format()
    with pytest.raises(EncryptionError, match="is encrypted: set"):
        LibraryFolder(tmp_path).check_format()
    assert json.loads((tmp_path / "library.json").read_text())["format"] == 2  # an older program refuses it


def test_a_library_in_the_clear_takes_no_key(tmp_path: Path) -> None:
    LibraryFolder(tmp_path).check_format()
    with pytest.raises(EncryptionError, match="wholedoc library encrypt"):
        LibraryFolder(tmp_path, SEAL).check_format()
    LibraryFolder(tmp_path).check_format()


def test_a_newer_or_damaged_library_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "library.json"
    for content, said in (
        ('{"format": 3}', "newer version"),
        ('{"format": 2}', "damaged"),
        ('{"format": 2, "encryption": "half", "check": ""}', "damaged"),
        ('{"format": 2, "encryption": "whole", "check": "*"}', "damaged"),
    ):
        file.write_text(content)
        with pytest.raises(LibraryError, match=said):
            LibraryFolder(tmp_path, SEAL).check_format()


# Encrypting what was in the clear


@pytest.fixture
def clear(tmp_path: Path) -> LibraryFolder:
    """A library in the clear with two documents, the second of which was used first."""
    folder = LibraryFolder(tmp_path / "library")
    folder.check_format()
    for place, id in enumerate(("ab" * 32, "cd" * 32)):
        source = tmp_path / "source"
        source.write_bytes(SECRET + id.encode())
        folder.keep(Document.from_pages(id, "a.txt", [(SECRET.decode(), "1")]), source)
        folder.shelves.add("user-ann", id, Placed("herbert.txt", "ann", 1))
        os.utime(folder.catalog.path(id), (1000 - place, 1000 - place))
    folder.store.put(KEY, some_kv(KVPrecision.BF16))
    return folder


def check_encrypted(folder: LibraryFolder) -> None:
    folder.check_format()
    assert folder.ids() == ["cd" * 32, "ab" * 32]
    assert [folder.known(id).text for id in folder.ids()] == [SECRET.decode()] * 2  # type: ignore[union-attr]
    assert folder.originals.read("ab" * 32) == SECRET + b"ab" * 32
    assert folder.shelves.name(["user-ann"], "ab" * 32) == "herbert.txt"
    assert_same(folder.store.get(KEY), some_kv(KVPrecision.BF16))
    for path in folder.path.rglob("*"):
        assert not path.is_file() or not any(word in path.read_bytes() for word in (b"Herbert", b"herbert"))


def test_a_library_is_encrypted_in_place(clear: LibraryFolder) -> None:
    left = clear.catalog.folder / ".writing-killed"
    left.write_bytes(SECRET)
    folder = LibraryFolder(clear.path, SEAL)
    assert folder.encrypt() == 7
    assert folder.encrypt() == 0
    check_encrypted(folder)
    with pytest.raises(EncryptionError, match="another key"):
        LibraryFolder(clear.path, OTHER).encrypt()


def test_encrypting_that_was_stopped_goes_on(clear: LibraryFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    real, written = WrittenTogether.write, []

    def limited(files: WrittenTogether, path: Path, data: bytes) -> None:
        written.append(path)
        if len(written) == 4:
            raise OSError(28, "No space left on device")
        real(files, path, data)

    folder = LibraryFolder(clear.path, SEAL)
    with monkeypatch.context() as patch:
        patch.setattr(WrittenTogether, "write", limited)
        with pytest.raises(LibraryError, match="is full"):
            folder.encrypt()
    found = Format.read(clear.path)
    assert found is not None
    assert found.sealing is Sealing.BEGUN
    with pytest.raises(EncryptionError, match="is encrypted: set"):  # and takes nothing for damaged
        LibraryFolder(clear.path).check_format()
    with pytest.raises(EncryptionError, match="not finished"):
        folder.check_format()
    with pytest.raises(EncryptionError, match="another key"):
        LibraryFolder(clear.path, OTHER).encrypt()
    assert folder.encrypt() == 7 - 2
    check_encrypted(folder)


def test_every_folder_that_the_library_seals_is_encrypted_in_place() -> None:
    parts = [one for one in vars(LibraryFolder(Path("/nowhere"), SEAL)).values() if hasattr(one, "__dict__")]
    sealed = [one for one in parts if any(isinstance(value, KeptFiles) for value in vars(one).values())]
    assert sorted(one.folder.name for one in sealed) == sorted(encrypting.SEALED)
