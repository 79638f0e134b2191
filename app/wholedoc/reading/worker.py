"""Works on the jobs of a library's folder in the background, beside whoever asks."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import replace

from parallelcomp import Cancelled

from ..answer import Reading
from ..documents.document import Document
from ..errors import explain
from ..runtime.turns import Errand
from ..storage.jobs import Job, Jobs, JobState
from ..storage.people.daily_tokens import Charge
from .reader import Reader

log = logging.getLogger(__name__)
# How often a worker without a job looks for one, and one with a job whether it was cancelled, in seconds.
POLL_S = 0.5


class ReadingWorker:
    """A thread that reads one job after the other. Its readings take turns that nobody else wants."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._jobs: Jobs = reader.folder.jobs
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="wholedoc-jobs", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Stop at the model's next layer. The job stays, and whoever looks for one next goes on with it."""
        self._stopped.set()

    def join(self) -> None:
        """Wait until the thread has ended."""
        self._thread.join()

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                with self._jobs.claim() as job:
                    if job is not None:
                        self._work(job)
                        continue
            except OSError as error:  # the folder may be there again the next time
                log.warning("looking for jobs: %s", error)
            self._stopped.wait(POLL_S)

    def _work(self, job: Job) -> None:
        """Read a job's document, and write how that went."""
        try:
            read = self._read(job)
        except Cancelled:
            return  # by whoever cancelled it, who has written so, or by `stop`
        except Exception as error:
            said = explain(error)
            if said is None:
                log.exception("reading %s in the background", job.document_id)
            self._jobs.put(replace(job, state=JobState.FAILED, error=said or "something unexpected went wrong"))
        else:
            self._jobs.put(replace(read, state=JobState.DONE, tokens=read.total))

    def _read(self, job: Job) -> Job:
        cancelled = _Polled(self._jobs, job.document_id, self._stopped)
        shown, job = time.monotonic(), replace(job, state=JobState.READING)
        self._jobs.put(job)
        document = self._reader.document(job.document_id)
        self._charge(job, document)
        for event in self._reader.read(document, cancelled, errand=Errand.BACKGROUND):
            job = replace(job, total=event.total_tokens if isinstance(event, Reading) else event.tokens)
            if isinstance(event, Reading):
                job = replace(job, tokens=event.tokens)
            if time.monotonic() - shown >= POLL_S and not cancelled():
                shown = time.monotonic()
                self._jobs.put(job)
        return job

    def _charge(self, job: Job, document: Document) -> None:
        """Count the document's tokens for the user who asked for it. Raises TokenQuotaError and MemoryPlanError."""
        if job.user is None:
            return
        self._reader.check_texts((), [document])  # no more of it is tokenized than fits
        charge = Charge(f"reading {document.id}", {document.id: len(self._reader.tokenized(document))})
        folder = self._reader.folder
        folder.tokens.take(job.user, charge, folder.users.quota(job.user).tokens_a_day)
        folder.tokens.settle(job.user, charge, 0)


class _Polled:
    """Whether a job was cancelled or removed; its file is looked at every POLL_S seconds."""

    def __init__(self, jobs: Jobs, document_id: str, stopped: threading.Event) -> None:
        self._jobs = jobs
        self._id = document_id
        self._stopped = stopped
        self._looked = 0.0
        self._cancelled = False

    def __call__(self) -> bool:
        if not self._cancelled and time.monotonic() - self._looked >= POLL_S:
            self._looked = time.monotonic()
            job = self._jobs.get(self._id)
            self._cancelled = job is None or job.state is JobState.CANCELLED
        return self._cancelled or self._stopped.is_set()
