"""Readings that nobody waits for: which documents are to be read, and how far each of them is.

A job is a file, so that any process sees it and any process with a model can work on it. Who does holds the job's
lease. If that process dies the lease is free, and another one goes on: the chunks that were read are in the store.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from enum import Enum
from pathlib import Path

from .files.kept import CLEAR, KeptFiles
from .leases import Leases


class JobState(Enum):
    """How far a job is."""

    WAITING = "waiting"
    READING = "reading"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def has_ended(self) -> bool:
        return self not in (JobState.WAITING, JobState.READING)


@dataclass(frozen=True)
class Job:
    """A document that is to be read. `tokens` of its `total` tokens are read; both are 0 before it begins.

    `created` is the time of its creation in seconds since 1970. `error` says why it failed. `user` is whose tokens
    it takes, None where nobody's are counted.
    """

    document_id: str
    created: float
    state: JobState = JobState.WAITING
    tokens: int = 0
    total: int = 0
    error: str | None = None
    user: str | None = None


class Jobs:
    """A folder with one file for each job, named by its document."""

    def __init__(self, folder: Path, files: KeptFiles = CLEAR) -> None:
        self.folder = folder
        self._files = files
        self._leases = Leases(folder)

    def add(self, document_id: str, user: str | None = None) -> Job:
        """Ask for a document to be read, for a user whose tokens are counted.

        A job that has not ended stays as it is. Raises OSError.
        """
        known = self.get(document_id)
        if known is not None and not known.state.has_ended:
            return known
        job = Job(document_id, time.time(), user=user)
        self._cancelled(document_id).unlink(missing_ok=True)
        self.put(job)
        return job

    def put(self, job: Job) -> None:
        """Write how far a job is. Raises OSError."""
        self.folder.mkdir(parents=True, exist_ok=True)
        content = {**asdict(job), "state": job.state.value}
        self._files.write(self._path(job.document_id), json.dumps(content).encode())

    def get(self, document_id: str) -> Job | None:
        """Return the job of a document, or None if there is none or its file is damaged."""
        try:
            content = json.loads(self._files.read_text(self._path(document_id)))
            job = Job(**{**content, "state": JobState(content["state"])})
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None
        if not job.state.has_ended and self._cancelled(document_id).exists():
            return replace(job, state=JobState.CANCELLED)
        return job

    def all(self) -> list[Job]:
        """Return all jobs, the oldest first."""
        found = [job for path in self.folder.glob("*.json") if (job := self.get(path.stem)) is not None]
        return sorted(found, key=lambda job: job.created)

    def cancel(self, document_id: str) -> Job | None:
        """Cancel a job that has not ended, and return it as it is then. Whoever works on it stops in a second."""
        if self.get(document_id) is not None:
            # A file of its own: whoever works on the job writes the other one.
            self._cancelled(document_id).touch()
        return self.get(document_id)

    def remove(self, document_id: str) -> None:
        """Forget the job of a document. Whoever works on it stops within a second."""
        self._path(document_id).unlink(missing_ok=True)
        self._cancelled(document_id).unlink(missing_ok=True)

    @contextmanager
    def claim(self) -> Iterator[Job | None]:
        """Take the oldest job that nobody works on for the block, or None. Raises OSError."""
        for job in self.all():
            if job.state.has_ended:
                continue
            with self._leases.take(job.document_id) as taken:
                now = self.get(job.document_id) if taken else None  # it may have ended since
                if now is not None and not now.state.has_ended:
                    yield now
                    return
        yield None

    def _path(self, document_id: str) -> Path:
        return self.folder / f"{document_id}.json"

    def _cancelled(self, document_id: str) -> Path:
        return self.folder / f"{document_id}.cancelled"
