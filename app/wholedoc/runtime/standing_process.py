"""A limited process that stays, and answers one request after another about one untrusted file."""

from __future__ import annotations

import contextlib
import subprocess
import tempfile
import threading
from dataclasses import replace
from typing import IO

from .limited_process import CrashedError, Ending, Job, check, kill, start, tail, too_slow

_HEAD_BYTES = 8
# A worker that ends by itself does so within this time.
_LAST_WORDS_S = 0.5


class StandingProcess:
    """Keeps a worker whose first line of input is `job.request`. Threads may share it: they take turns.

    It is started when it is first asked, and anew when it has died. A worker that hangs is killed.
    """

    def __init__(self, job: Job) -> None:
        self._job = job
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._stderr: IO[bytes] | None = None

    def ask(self, request: bytes, task: str) -> bytes:
        """Return the worker's answer to one line, which is untrusted. `task` names the work in messages.

        A worker that dies, but has answered before, is replaced once: it may have come to the limit of what one may
        use. Raises ExtractionLimitError if the answer takes more time or memory than is allowed, and CrashedError.
        """
        job = replace(self._job, task=task)
        with self._lock:
            is_new = self._process is None
            try:
                return self._ask(job, request)
            except CrashedError:
                if is_new:
                    raise
                return self._ask(job, request)

    def close(self) -> None:
        """End the worker. Another request starts a new one."""
        with self._lock:
            self._end()

    def _ask(self, job: Job, request: bytes) -> bytes:
        process = self._started(job)
        late = threading.Event()

        def stop() -> None:
            late.set()
            kill(process)

        timer = threading.Timer(job.limits.seconds, stop)
        timer.daemon = True
        timer.start()
        answer = None
        try:
            answer = self._exchange(process, request, job.limits.result_bytes)
        finally:
            timer.cancel()
            if answer is None:
                ending = self._end()
        if answer is not None:
            return answer
        if late.is_set():
            raise too_slow(job)
        check(ending, job)
        raise CrashedError("it ended without an answer")

    def _exchange(self, process: subprocess.Popen[bytes], request: bytes, most: int) -> bytes | None:
        """Send a line and read an answer; None if the worker ends before all of it has come."""
        assert process.stdin is not None
        assert process.stdout is not None
        with contextlib.suppress(OSError):  # a worker that has died is told by how it ended
            process.stdin.write(request + b"\n")
            process.stdin.flush()
        head = process.stdout.read(_HEAD_BYTES)
        if len(head) < _HEAD_BYTES:
            return None
        length = int.from_bytes(head, "big")
        if length > most:
            raise CrashedError("its answer is too large")
        body = process.stdout.read(length)
        return body if len(body) == length else None

    def _started(self, job: Job) -> subprocess.Popen[bytes]:
        if self._process is None:
            self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - it is closed when the worker has ended
            self._process = start(job, subprocess.PIPE, self._stderr)
            assert self._process.stdin is not None
            with contextlib.suppress(OSError):
                self._process.stdin.write(job.request + b"\n")
        return self._process

    def _end(self) -> Ending:
        """End the worker, and return how it ended."""
        process, stderr = self._process, self._stderr
        self._process = self._stderr = None
        if process is None or stderr is None:
            return Ending(0, b"", "")
        with contextlib.suppress(OSError):
            assert process.stdin is not None
            process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=_LAST_WORDS_S)  # one that dies by itself says how
        kill(process)
        assert process.stdout is not None
        process.stdout.close()
        with stderr:
            return Ending(process.returncode, b"", tail(stderr))
