"""A document is read once for all processes that share a library, and a reading that nobody waits for is a job."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from parallelcomp import Cancelled, StoredKV
from wholedoc import Document, Library, Reading, Settings
from wholedoc.reading import once
from wholedoc.reading.through_store import Plan
from wholedoc.reading.worker import ReadingWorker
from wholedoc.storage.jobs import Job, JobState

from ..server.serving import log, until

pytestmark = pytest.mark.embedded


@pytest.fixture
def document(library: Library, tmp_path: Path) -> Document:
    path = tmp_path / "log.txt"
    path.write_text(log("reading"))
    return library.parse(path)


@pytest.fixture
def other(library: Library, settings: Settings) -> Library:
    """The library of another process: it shares the folder and nothing else but the loaded model."""
    opened = Library.open(settings=settings)
    opened._model = library._model
    return opened


def name_of(library: Library, document: Document) -> str:
    return Plan.of(library.engine, library.tokenized(document)).name


def written(library: Library, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The keys of the chunks that a library writes from now on."""
    store, keys = library.folder.store, []
    put = store.put

    def noted(key: str, kv: StoredKV) -> None:
        keys.append(key)
        put(key, kv)

    monkeypatch.setattr(store, "put", noted)
    return keys


def test_who_comes_second_waits_and_shares_the_progress(
    library: Library, other: Library, document: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = written(other, monkeypatch)
    first = library.read(document)
    next(first)
    next(first)  # from here on it holds the lease
    events: list[object] = []
    second = threading.Thread(target=lambda: events.extend(other.read(document)))
    second.start()
    for _ in first:
        pass
    second.join()
    assert keys == []
    shared = [event for event in events if isinstance(event, Reading)]
    assert shared[-1].tokens == shared[-1].total_tokens == shared[-1].cached_tokens


def test_who_waits_can_be_cancelled(library: Library, other: Library, document: Document) -> None:
    with library.folder.leases.take(name_of(library, document)), pytest.raises(Cancelled):
        list(other.read(document, lambda: True))


def test_who_waits_in_vain_reads_by_itself(
    library: Library, other: Library, document: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(once, "PATIENCE_S", 0.0)
    with library.folder.leases.take(name_of(library, document)):
        list(other.read(document))
    assert other.folder.info(document).warm == 1


@pytest.fixture
def worker(library: Library) -> Iterator[ReadingWorker]:
    made = ReadingWorker(library)
    yield made
    made.stop()
    made.join()


def ended(library: Library, document: Document) -> Job:
    jobs = library.folder.jobs
    until(lambda: (job := jobs.get(document.id)) is not None and job.state.has_ended)
    job = jobs.get(document.id)
    assert job is not None
    return job


def test_a_job_is_read_while_nobody_asks(library: Library, document: Document, worker: ReadingWorker) -> None:
    library.folder.jobs.add(document.id)
    with library.turns.take():  # somebody asks
        worker.start()
        until(lambda: library.turns.waiting)
        assert library.folder.info(document).warm == 0
    job = ended(library, document)
    assert (job.state, job.tokens) == (JobState.DONE, job.total)
    assert document.id in library.held.read


def test_a_job_that_was_cancelled_is_not_read(library: Library, document: Document, worker: ReadingWorker) -> None:
    library.folder.jobs.add(document.id)
    with library.turns.take():
        worker.start()
        until(lambda: library.turns.waiting)
        library.folder.jobs.cancel(document.id)
        until(lambda: not library.turns.waiting)
    assert ended(library, document).state is JobState.CANCELLED
    assert library.folder.info(document).warm == 0


def test_a_stopped_workers_job_is_gone_on_with(
    library: Library, other: Library, document: Document, worker: ReadingWorker
) -> None:
    library.folder.jobs.add(document.id)
    with library.turns.take():
        worker.start()
        until(lambda: library.turns.waiting)
        worker.stop()
        worker.join()
    second = ReadingWorker(other)
    second.start()
    assert ended(other, document).state is JobState.DONE
    second.stop()
    second.join()


def test_a_job_that_fails_says_why(library: Library, document: Document, worker: ReadingWorker) -> None:
    library.folder.jobs.add("0" * 64)
    worker.start()
    until(lambda: (job := library.folder.jobs.get("0" * 64)) is not None and job.state.has_ended)
    job = library.folder.jobs.get("0" * 64)
    assert job is not None
    assert job.state is JobState.FAILED
    assert "wholedoc list" in str(job.error)
