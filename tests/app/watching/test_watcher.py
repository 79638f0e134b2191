"""Watching a folder: what comes is read once, what changes is read again, and what goes is said."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from wholedoc import Library, Settings
from wholedoc.errors import FolderError
from wholedoc.watching import FolderWatcher, Happened, Outcome, prepared, watcher

PARAGRAPHS = [
    f"Entry {n}. On day {n % 28 + 1} the vessel number {n * 7} came in with {n * 13} crates." for n in range(90)
]


@pytest.fixture(autouse=True)
def _soon_quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watcher, "QUIET_S", 0.05)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    root.mkdir()
    return root


def write(path: Path, paragraphs: list[str] = PARAGRAPHS) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n\n".join(paragraphs), encoding="utf-8")
    return path


def look(library: Library, root: Path) -> list[Happened]:
    """What happens when a folder is read once."""
    happened: list[Happened] = []
    FolderWatcher(lambda: library, prepared(library.folder, root), happened.append).run(
        threading.Event(), once=True
    )
    return happened


def outcomes(happened: list[Happened]) -> list[tuple[Outcome, str]]:
    return [(one.outcome, one.path) for one in happened]


def test_files_are_read_once_also_over_a_restart(library: Library, settings: Settings, root: Path) -> None:
    write(root / "a.txt")
    write(root / "sub" / "b.md", PARAGRAPHS[:20])
    assert outcomes(look(library, root)) == [(Outcome.READ, "a.txt"), (Outcome.READ, "sub/b.md")]
    assert sorted((one.name, one.warm) for one in library.documents()) == [("a.txt", 1.0), ("b.md", 1.0)]
    assert look(library, root) == []
    assert look(Library.open(settings=settings), root) == []
    assert [one.path for one in library.folder.watched.all()] == [str(root)]


def test_a_changed_file_is_read_anew_but_for_its_unchanged_chunks(library: Library, root: Path) -> None:
    write(root / "a.txt")
    look(library, root)
    (before,) = library.documents()
    chunks = set(library.folder.store)
    write(root / "a.txt", [*PARAGRAPHS[:80], "Entry 80 was another one.", *PARAGRAPHS[81:]])
    (happened,) = look(library, root)
    assert (happened.outcome, happened.path) == (Outcome.REPLACED, "a.txt")
    (after,) = library.documents()
    assert after.id == happened.document_id != before.id
    kept = set(library.folder.store)
    assert len(chunks & kept) >= len(chunks) - 2
    assert 1 <= len(kept - chunks) <= 2


def test_what_was_in_the_library_before_is_not_removed_when_its_file_changes(library: Library, root: Path) -> None:
    known = library.parse(write(root / "a.txt"))
    assert outcomes(look(library, root)) == [(Outcome.KNOWN, "a.txt")]
    write(root / "a.txt", PARAGRAPHS[:30])
    look(library, root)
    assert known.id in {one.id for one in library.documents()}


def test_two_files_of_one_text_are_one_document_until_both_have_changed(library: Library, root: Path) -> None:
    write(root / "a.txt")
    write(root / "b.txt")
    assert outcomes(look(library, root)) == [(Outcome.READ, "a.txt"), (Outcome.KNOWN, "b.txt")]
    (before,) = library.documents()
    write(root / "a.txt", PARAGRAPHS[:30])
    look(library, root)
    assert {one.id for one in library.documents()} >= {before.id}


def test_a_removed_file_is_said_and_its_document_stays(library: Library, root: Path) -> None:
    path = write(root / "a.txt")
    look(library, root)
    path.unlink()
    (happened,) = look(library, root)
    assert (happened.outcome, happened.path) == (Outcome.GONE, "a.txt")
    assert happened.document_id[:12] in happened.detail
    assert [one.id for one in library.documents()] == [happened.document_id]
    assert look(library, root) == []


def test_a_file_that_cannot_be_read_is_said_once_and_tried_when_it_changes(library: Library, root: Path) -> None:
    (root / "a.csv").write_bytes(b"\0\1\2\3" * 100)
    (happened,) = look(library, root)
    assert happened.outcome is Outcome.FAILED
    assert "a.csv" in happened.detail
    assert look(library, root) == []
    write(root / "a.csv")
    assert outcomes(look(library, root)) == [(Outcome.READ, "a.csv")]


def test_a_folder_that_is_gone_for_a_while_forgets_nothing(library: Library, root: Path) -> None:
    write(root / "a.txt")
    look(library, root)
    root.rename(root.with_name("away"))
    happened: list[Happened] = []
    FolderWatcher(lambda: library, root, happened.append).run(threading.Event(), once=True)
    assert outcomes(happened) == [(Outcome.WAITING, str(root))]
    root.with_name("away").rename(root)
    assert look(library, root) == []


def test_what_is_no_folder_or_the_librarys_own_is_refused(library: Library, root: Path) -> None:
    for path, message in (
        (root / "none", "not there"),
        (write(root / "a.txt"), "no folder"),
        (library.folder.path / "documents", "library itself"),
    ):
        (library.folder.path / "documents").mkdir(parents=True, exist_ok=True)
        with pytest.raises(FolderError, match=message):
            prepared(library.folder, path)
    assert library.folder.watched.all() == []


@contextmanager
def watching(library: Library, root: Path) -> Iterator[list[Happened]]:
    happened: list[Happened] = []
    stop = threading.Event()
    one = FolderWatcher(lambda: library, prepared(library.folder, root), happened.append)
    thread = threading.Thread(target=one.run, args=(stop,))
    thread.start()
    try:
        yield happened
    finally:
        stop.set()
        thread.join(30)
        assert not thread.is_alive()


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


def test_what_comes_while_it_is_watched_is_read_in_new_folders_too(library: Library, root: Path) -> None:
    with watching(library, root) as happened:
        write(root / "a.txt")
        wait_for(lambda: (Outcome.READ, "a.txt") in outcomes(happened))
        write(root / "new" / "b.txt", PARAGRAPHS[:10])
        wait_for(lambda: (Outcome.READ, "new/b.txt") in outcomes(happened))
        write(root / "new" / "c.txt", PARAGRAPHS[:15])  # in a folder that was not there when it began
        wait_for(lambda: (Outcome.READ, "new/c.txt") in outcomes(happened))


def test_a_file_that_is_being_written_is_read_once(
    library: Library, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watcher, "QUIET_S", 3.0)
    with watching(library, root) as happened:
        for number in range(len(PARAGRAPHS)):
            write(root / "a.txt", PARAGRAPHS[: number + 1])
            time.sleep(0.02)
        wait_for(lambda: bool(happened))
    assert outcomes(happened) == [(Outcome.READ, "a.txt")]
    (document,) = library.documents()
    assert library.document(document.id).text.endswith(PARAGRAPHS[-1])


def test_a_folder_is_watched_by_one_only(library: Library, root: Path) -> None:
    with watching(library, root):
        wait_for(lambda: library.folder.watched.lock(root) is not None and _is_held(library, root))
        with pytest.raises(FolderError, match="already watched"):
            look(library, root)


def _is_held(library: Library, root: Path) -> bool:
    from filelock import Timeout

    try:
        with library.folder.watched.lock(root).acquire(blocking=False):
            return False
    except Timeout:
        return True
