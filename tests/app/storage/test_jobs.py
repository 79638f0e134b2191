"""Jobs and leases: what is done once for all processes that share a folder."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from wholedoc.storage.jobs import Jobs, JobState
from wholedoc.storage.leases import Leases

HOLD = """
import sys
from pathlib import Path
from wholedoc.storage.leases import Leases
with Leases(Path(sys.argv[1])).take(sys.argv[2]) as taken:
    print(taken, flush=True)
    sys.stdin.readline()
"""


def taken_elsewhere(folder: Path, name: str) -> bool:
    """Whether another process can take a lease now."""
    command = [sys.executable, "-c", HOLD, str(folder), name]
    return subprocess.run(command, input="\n", capture_output=True, text=True, check=True).stdout == "True\n"


def held_elsewhere(folder: Path, name: str) -> subprocess.Popen[str]:
    """Start a process that holds a lease until it is told to end, or killed."""
    started = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder), name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert started.stdout is not None
    assert started.stdout.readline() == "True\n"
    return started


def test_a_lease_that_another_process_has_is_free_once_that_is_killed(tmp_path: Path) -> None:
    leases = Leases(tmp_path)
    other = held_elsewhere(tmp_path, "one")
    try:
        with leases.take("one") as taken, leases.take("two") as free:
            assert (taken, free) == (False, True)
    finally:
        other.kill()
        other.communicate()
    with leases.take("one") as taken:
        assert taken
        with leases.take("one") as again:  # another thread of this process
            assert again
        assert taken_elsewhere(tmp_path, "one") is False
    assert not (tmp_path / "one.lock").exists()
    assert taken_elsewhere(tmp_path, "one") is True


def test_a_job_goes_from_waiting_to_its_end(tmp_path: Path) -> None:
    jobs = Jobs(tmp_path / "jobs")
    assert jobs.get("a") is None
    first = jobs.add("a")
    assert (first.state, first.tokens, first.total) == (JobState.WAITING, 0, 0)
    assert jobs.add("a") == first  # asking again changes nothing
    jobs.add("b")
    with jobs.claim() as mine:
        assert mine == first
    jobs.cancel("a")
    with jobs.claim() as mine:
        assert mine is not None
        assert mine.document_id == "b"
    jobs.remove("b")
    with jobs.claim() as mine:
        assert mine is None


def test_a_job_that_another_process_works_on_is_passed_over_until_that_is_killed(tmp_path: Path) -> None:
    jobs = Jobs(tmp_path)
    jobs.add("a")
    jobs.add("b")
    other = held_elsewhere(tmp_path, "a")
    try:
        with jobs.claim() as mine:
            assert mine is not None
            assert mine.document_id == "b"
    finally:
        other.kill()
        other.communicate()
    with jobs.claim() as mine:
        assert mine is not None
        assert mine.document_id == "a"


def test_progress_that_is_written_after_a_cancellation_does_not_undo_it(tmp_path: Path) -> None:
    jobs = Jobs(tmp_path)
    job = jobs.add("a")
    jobs.cancel("a")
    jobs.put(job)
    found = jobs.get("a")
    assert found is not None
    assert found.state is JobState.CANCELLED
    assert jobs.add("a").state is JobState.WAITING


@pytest.mark.parametrize("content", ["", "{}", "[1]", '{"state": "flying"}'])
def test_a_damaged_job_is_none(tmp_path: Path, content: str) -> None:
    (tmp_path / "a.json").write_text(content)
    jobs = Jobs(tmp_path)
    assert (jobs.get("a"), jobs.all()) == (None, [])
