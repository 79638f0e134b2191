"""The library: read once, resume, share, evict, and say clearly what is wrong."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from parallelcomp import Cancelled, MemoryPlanError
from wholedoc import Library, Planned, Reading, Settings
from wholedoc.errors import LibraryError, UnknownDocumentError
from wholedoc.storage.chunks.chunk_store import ChunkStore
from wholedoc.storage.files.atomic import WrittenTogether
from wholedoc.storage.home import home

from .processes import Started, start

pytestmark = pytest.mark.embedded
PARAGRAPHS = [
    f"Entry {n}. On day {n % 28 + 1} the vessel number {n * 7} came in with {n * 13} crates of salt and left again."
    for n in range(120)
]


def write(path: Path, paragraphs: list[str]) -> Path:
    path.write_text("\n\n".join(paragraphs), encoding="utf-8")
    return path


def chunk_files() -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (home() / "kv").glob("*/*.safetensors")}


def tokens_read(library: Library, path: Path) -> int:
    """Tokens that went through the model for adding a file."""
    events: list[Reading] = []
    library.add(path, progress=events.append)
    return events[-1].tokens - events[-1].cached_tokens if events else 0


def test_a_new_process_reads_nothing_again(library: Library, settings: Settings, tmp_path: Path) -> None:
    path = write(tmp_path / "log.txt", PARAGRAPHS)
    assert tokens_read(library, path) > 1000
    again = Library.open(settings=settings)
    assert tokens_read(again, path) == 0
    (info,) = again.documents()
    assert info.warm == 1
    assert info.bytes == sum(len(content) for content in chunk_files().values())
    first = library.ask([info.id], "What came in?")
    second = again.ask([info.id], "What came in?")
    assert first.text == second.text
    assert [c.quote for c in first.citations] == [c.quote for c in second.citations]
    assert second.usage.cached_tokens == info.tokens


def test_a_stopped_reading_goes_on_where_it_was(library: Library, settings: Settings, tmp_path: Path) -> None:
    path = write(tmp_path / "log.txt", PARAGRAPHS)
    seen: list[Reading] = []
    with pytest.raises(Cancelled):
        library.add(path, progress=seen.append, cancelled=lambda: len(seen) > 3)
    kept = chunk_files()
    assert kept
    (info,) = library.documents()
    assert 0 < info.warm < 1
    again = Library.open(settings=settings)
    events: list[Reading] = []
    again.add(path, progress=events.append)
    assert events[0].cached_tokens > 0
    assert kept.items() <= chunk_files().items()


def test_an_inserted_page_leaves_most_chunks_as_they_are(library: Library, tmp_path: Path) -> None:
    """Boundaries fall in step again once both cuts choose the same paragraph, here among a dozen in reach."""
    paragraphs = [f"Item {n} weighs {n * 37 % 101} pounds." for n in range(400)]
    whole = tokens_read(library, write(tmp_path / "log.txt", paragraphs))
    edited = tokens_read(
        library, write(tmp_path / "edited.txt", ["A new page in front of all others."] * 9 + paragraphs)
    )
    assert edited < whole / 2


def test_documents_share_chunks_and_the_last_one_takes_them_along(library: Library, tmp_path: Path) -> None:
    one = library.add(write(tmp_path / "one.txt", PARAGRAPHS))
    files = chunk_files()
    # The same text under another name and hash: a trailing line end that the extraction drops.
    (tmp_path / "two.txt").write_bytes((tmp_path / "one.txt").read_bytes() + b"\n\n\n")
    two = library.add(tmp_path / "two.txt")
    assert two.id != one.id
    assert len(chunk_files()) <= len(files) + 1
    library.remove(one.id)
    assert len(chunk_files().keys() & files.keys()) >= len(files) - 1
    library.remove(two.id)
    assert chunk_files() == {}
    with pytest.raises(UnknownDocumentError):
        library.document(one.id)


def test_the_least_recently_used_goes_first(library: Library, settings: Settings, tmp_path: Path) -> None:
    old = library.add(write(tmp_path / "old.txt", PARAGRAPHS[:40]))
    used = library.add(write(tmp_path / "used.txt", PARAGRAPHS[40:80]))
    for index, path in enumerate(sorted((home() / "readings").glob("*.json"))):
        record = json.loads(path.read_text())
        age = 1000 if record["document_id"] == old.id else 10
        os.utime(path, (path.stat().st_atime, path.stat().st_mtime - age - index))
    told: list[str] = []
    limited = replace(settings, library_bytes=int((old.bytes + used.bytes) * 1.4))
    third = Library.open(settings=limited, notify=told.append)
    third.add(write(tmp_path / "new.txt", PARAGRAPHS[80:]))
    warm = {info.name: info.warm for info in third.documents()}
    assert warm == {"old.txt": 0.0, "used.txt": 1.0, "new.txt": 1.0}
    assert any("old.txt" in message for message in told)
    assert sum(len(content) for content in chunk_files().values()) <= limited.library_bytes


def test_a_document_larger_than_the_limit_is_refused_before_work(settings: Settings, tmp_path: Path) -> None:
    library = Library.open(settings=replace(settings, library_bytes=1000))
    with pytest.raises(LibraryError, match="limit"):
        library.add(write(tmp_path / "log.txt", PARAGRAPHS))
    assert chunk_files() == {}


def test_a_damaged_chunk_is_found_reported_and_read_again(
    library: Library, settings: Settings, tmp_path: Path
) -> None:
    path = write(tmp_path / "log.txt", PARAGRAPHS)
    library.add(path)
    victim = next((home() / "kv").glob("*/*.safetensors"))
    sound = load_file(victim)["kv"].clone()
    content = bytearray(victim.read_bytes())
    content[-9] ^= 1
    victim.write_bytes(bytes(content))
    events: list[Reading] = []
    Library.open(settings=settings).add(path, progress=events.append)
    assert events[-1].damaged_chunks == 1
    assert torch.equal(load_file(victim)["kv"], sound)
    assert library.folder.verify().damaged == ()


def test_verify_names_the_document_and_prune_frees_what_nobody_needs(library: Library, tmp_path: Path) -> None:
    library.add(write(tmp_path / "log.txt", PARAGRAPHS))
    assert library.folder.verify().damaged == ()
    victim = next((home() / "kv").glob("*/*.safetensors"))
    victim.write_bytes(victim.read_bytes()[:-20])
    found = library.folder.verify()
    assert found.damaged == (victim.stem,)
    assert found.documents == ("log.txt",)
    assert library.folder.prune() == 0
    orphan = home() / "kv" / "00" / f"{'0' * 40}.safetensors"
    orphan.parent.mkdir(exist_ok=True)
    orphan.write_bytes(b"x" * 500)
    leftover = victim.parent / ".writing-abc"
    leftover.write_bytes(b"y" * 70)
    os.utime(leftover, (0, 0))
    assert library.folder.prune() == 570
    assert not orphan.exists()
    assert not leftover.exists()


def test_another_model_reads_for_itself_and_says_so(
    library: Library, settings: Settings, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "log.txt", PARAGRAPHS)
    library.add(path)
    before = chunk_files()
    told: list[str] = []
    other_prefix = Library.open(settings=settings, notify=told.append)
    monkeypatch.setitem(other_prefix.engine.loaded.spec.__dict__, "fingerprint", "another model")
    assert tokens_read(other_prefix, path) > 0
    assert any(str(tiny_model) in message for message in told)
    assert before.items() < chunk_files().items()


def test_a_library_of_a_newer_version_is_left_alone(settings: Settings) -> None:
    Library.open(settings=settings)
    manifest = home() / "library.json"
    manifest.write_text('{"format": 99}')
    with pytest.raises(LibraryError, match="newer version"):
        Library.open(settings=settings)
    assert manifest.read_text() == '{"format": 99}'


def test_a_damaged_manifest_is_said_so(settings: Settings) -> None:
    home().mkdir(parents=True)
    (home() / "library.json").write_text("{")
    with pytest.raises(LibraryError, match="damaged"):
        Library.open(settings=settings)


def test_a_folder_that_cannot_be_written_is_said_so(settings: Settings, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    with pytest.raises(LibraryError, match="WHOLEDOC_HOME"):
        Library.open(blocked / "library", settings)


def test_a_full_disk_loses_nothing(
    library: Library, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The system says that there is no space left after the third chunk."""
    path = write(tmp_path / "log.txt", PARAGRAPHS)
    real, written = WrittenTogether.write, []

    def limited(files: WrittenTogether, target: Path, data: bytes) -> None:
        if target.suffix == ".safetensors":
            if len(written) == 3:
                raise OSError(28, "No space left on device")
            written.append(target)
        real(files, target, data)

    monkeypatch.setattr(WrittenTogether, "write", limited)
    with pytest.raises(LibraryError, match="full"):
        library.add(path)
    assert len(chunk_files()) == 3
    monkeypatch.undo()
    monkeypatch.setenv("WHOLEDOC_HOME", str(library.folder.path))
    events: list[Reading] = []
    Library.open(settings=settings).add(path, progress=events.append)
    assert events[0].cached_tokens > 0


def test_damaged_records_are_made_anew(library: Library, settings: Settings, tmp_path: Path) -> None:
    path = write(tmp_path / "log.txt", PARAGRAPHS[:40])
    info = library.add(path)
    for record in [*(home() / "documents").glob("*.json"), *(home() / "readings").glob("*.json")]:
        record.write_text(record.read_text()[:50])
    again = Library.open(settings=settings)
    assert tokens_read(again, path) == 0
    assert again.documents() == [info]


def test_a_disk_that_is_too_small_is_said_so_before_work(
    settings: Settings, tiny_model: Path, tmp_path: Path
) -> None:
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=100k", "tmpfs", small], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip("this user may not mount a tmpfs")
    try:
        library = Library.open(small / "library", settings)
        with pytest.raises(LibraryError, match="free some space"):
            library.add(write(tmp_path / "log.txt", PARAGRAPHS))
        assert not list(small.rglob("*.safetensors"))
    finally:
        subprocess.run(["umount", "-l", small], check=True)


@pytest.fixture
def add_elsewhere(tiny_model: Path, tmp_path: Path) -> Callable[[], Started]:
    """Add the same document of some 60 chunks in another process."""
    path = write(
        tmp_path / "long.txt", [f"Entry {n}. Vessel {n * 7} came in with {n * 13} crates." for n in range(700)]
    )

    number = count()

    def add() -> Started:
        arguments = ["add", path, "--model", tiny_model, "--chunk-tokens", "256", "--json"]
        return start(arguments, tmp_path / f"said-{next(number)}")

    return add


def test_a_killed_reader_loses_nothing_but_the_chunk_at_hand(add_elsewhere: Callable[[], Started]) -> None:
    """SIGKILL at some moments of a reading; what was there stays, is sound, and the reading goes on from there."""
    store = ChunkStore(home() / "kv")
    for chunks in (5, 20, 40):
        started = add_elsewhere()
        while started.process.is_alive() and len(list(store)) < chunks:
            time.sleep(0.002)
        seen = set(store)
        started.process.kill()
        started.process.join()
        assert started.process.exitcode == -signal.SIGKILL  # it was at it still
        assert seen
        assert seen <= set(store)
        assert Library.open().folder.verify().damaged == ()
    assert add_elsewhere().wait()["documents"][0]["chunks"] == len(list(store)) > 40


def test_two_processes_use_one_library(add_elsewhere: Callable[[], Started]) -> None:
    """Both read the same document at once; both succeed, and every chunk is there once and sound."""
    both = [add_elsewhere() for _ in range(2)]
    one, other = (started.wait()["documents"] for started in both)
    assert one == other
    found = Library.open().folder.verify()
    assert (found.chunks, found.damaged) == (one[0]["chunks"], ())
    assert found.chunks > 40
    assert [info.warm for info in Library.open().documents()] == [1.0]


def test_what_a_document_takes_is_said_before_it_is_read(library: Library, tmp_path: Path) -> None:
    document = library.parse(write(tmp_path / "log.txt", PARAGRAPHS))
    reading = library.read(document)
    planned = next(reading)
    assert isinstance(planned, Planned)
    assert not chunk_files()  # nothing was read for the estimate that is kept
    assert (planned.document, planned.cached_tokens) == ("log.txt", 0)
    assert planned.tokens <= planned.longest_document
    assert planned.seconds is not None
    assert 0 < planned.seconds < 60
    events = list(reading)
    assert isinstance(events[-1], Reading)
    assert events[-1].tokens == planned.tokens
    on_disk = sum(len(content) for content in chunk_files().values())
    assert planned.bytes == pytest.approx(on_disk, rel=0.2)
    (info,) = library.documents()
    assert info.bytes == on_disk


def test_the_pace_of_a_model_is_measured_once(
    library: Library, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library.add(write(tmp_path / "log.txt", PARAGRAPHS))
    monkeypatch.setattr("wholedoc.reading.reader.measure_throughput", lambda *_: pytest.fail("measured again"))
    other = Library.open(settings=settings)
    document = other.parse(write(tmp_path / "other.txt", PARAGRAPHS[::-1]))
    planned = next(other.read(document))
    assert isinstance(planned, Planned)
    assert planned.seconds is not None


def test_a_document_that_does_not_fit_is_refused_before_work(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = library.parse(write(tmp_path / "log.txt", PARAGRAPHS))
    monkeypatch.setattr("parallelcomp.memory.free_bytes", lambda _: 4_000_000)
    with pytest.raises(MemoryPlanError, match="at most 0 tokens fit"):
        next(library.read(document))


def test_the_file_stays_with_its_document(library: Library, tmp_path: Path) -> None:
    path = write(tmp_path / "log.txt", PARAGRAPHS)
    content = path.read_bytes()
    document = library.parse(path)
    path.unlink()
    kept = library.folder.originals.readable_path(document.id)
    assert kept is not None
    assert kept.read_bytes() == content
    assert kept.stat().st_mode & 0o077 == 0
    library.remove(document.id)
    assert document.id not in library.folder.originals


def test_prune_takes_files_without_a_document(library: Library, tmp_path: Path) -> None:
    stray = library.folder.originals.path("ab" * 32)
    document = library.parse(write(tmp_path / "log.txt", PARAGRAPHS))
    stray.write_bytes(b"12345")
    assert library.folder.prune() == 0  # it may just be arriving
    os.utime(stray, (0, 0))
    os.utime(library.folder.originals.path(document.id), (0, 0))
    assert library.folder.prune() == 5
    assert document.id in library.folder.originals
