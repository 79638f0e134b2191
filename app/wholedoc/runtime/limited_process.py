"""Runs a worker on an untrusted file in a fresh process with a bare environment and a time limit."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from ..errors import ExtractionLimitError
from .limited_worker import EXIT_OUT_OF_MEMORY, ProcessLimits

# `-I` hides PYTHONPATH and the user's packages, but this package may have been imported from there. So the parent's
# import path is appended to the child's own.
_START = (
    "import sys; sys.path.extend(path for path in sys.argv[1:] if path not in sys.path);"
    " from {module} import main; main()"
)
_KEPT_VARIABLES = ("SYSTEMROOT", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TMPDIR", "TEMP", "TMP")
_STDERR_TAIL_BYTES = 4000
_POLL_SECONDS = 0.05
# Exit codes of a process that the system killed: SIGKILL for want of memory, SIGXCPU at the limit of processor
# time.
_KILLED = -9
_OUT_OF_PROCESSOR_TIME = -24


class CrashedError(Exception):
    """The worker died without an answer. The message says how."""


@dataclass(frozen=True)
class Job:
    """One request to a worker. `task` ("Reading report.pdf") and `advice` are for error messages."""

    command: list[str]
    request: bytes
    limits: ProcessLimits
    task: str
    advice: str


@dataclass(frozen=True)
class Ending:
    """How the worker ended. `code` is its exit status, or the negative number of the signal that killed it."""

    code: int
    answer: bytes
    stderr: str


def command_for(module: str) -> list[str]:
    """Returns the command that starts the worker whose `main` is in `module`."""
    paths = [path for path in sys.path if os.path.isabs(path)]
    return [sys.executable, "-I", "-X", "utf8", "-c", _START.format(module=module), *paths]


def run(job: Job, deadline: float) -> bytes:
    """Runs a worker and returns its answer, which is still untrusted. `deadline` is a time of `time.monotonic`
    in seconds.

    Raises ExtractionLimitError if the worker needs too much time or memory, and CrashedError.
    """
    ending = _run(job, deadline)
    check(ending, job)
    return ending.answer


def check(ending: Ending, job: Job) -> None:
    if ending.code in (EXIT_OUT_OF_MEMORY, _KILLED):
        raise ExtractionLimitError(
            f"{job.task} needs more memory than the {job.limits.memory_bytes / 2**30:.3g} GiB"
            f" allowed, or than the machine has free: {job.advice}."
        )
    if ending.code == _OUT_OF_PROCESSOR_TIME:
        raise too_slow(job)
    if ending.code != 0:
        raise _crash(ending)


def lines(job: Job, deadline: float, cancelled: Callable[[], bool]) -> Iterator[bytes]:
    """Runs a worker and yields the lines of its answer as they come, which are still untrusted.

    Closing the iterator kills the worker. Raises Cancelled when `cancelled` turns true, and what `run` raises.
    """
    with tempfile.TemporaryFile() as answer, tempfile.TemporaryFile() as stderr:
        process = start(job, answer, stderr)
        read = 0
        try:
            _send(process, job.request)
            while True:
                ended = process.poll() is not None
                size = os.fstat(answer.fileno()).st_size
                if size > job.limits.result_bytes:
                    raise CrashedError("its answer is too large")
                complete, end, _ = os.pread(answer.fileno(), size - read, read).rpartition(b"\n")
                read += len(complete) + len(end)
                yield from complete.split(b"\n") if end else ()
                if ended:
                    break
                _check_time(job, deadline, cancelled)
                time.sleep(_POLL_SECONDS)
        finally:
            kill(process)
        check(Ending(process.returncode, b"", tail(stderr)), job)


def _check_time(job: Job, deadline: float, cancelled: Callable[[], bool]) -> None:
    if cancelled():
        from parallelcomp import Cancelled

        raise Cancelled(f"stopped: {job.task}")
    if time.monotonic() > deadline:
        raise too_slow(job)


def _send(process: subprocess.Popen[bytes], request: bytes) -> None:
    assert process.stdin is not None
    with contextlib.suppress(BrokenPipeError):  # a worker that died at once is told by how it ended
        process.stdin.write(request)
        process.stdin.close()


def start(job: Job, answer: IO[bytes] | int, stderr: IO[bytes]) -> subprocess.Popen[bytes]:
    """Starts a worker with a bare environment. `answer` is where its output goes."""
    return subprocess.Popen(
        job.command,
        stdin=subprocess.PIPE,
        stdout=answer,
        stderr=stderr,
        env={name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ},
        cwd=Path(sys.executable).anchor or None,
        start_new_session=True,  # so that its whole process group can be killed
    )


def _run(job: Job, deadline: float) -> Ending:
    with tempfile.TemporaryFile() as answer, tempfile.TemporaryFile() as stderr:
        process = start(job, answer, stderr)
        try:
            process.communicate(job.request, timeout=max(deadline - time.monotonic(), 0))
        except subprocess.TimeoutExpired:
            raise too_slow(job) from None
        finally:
            kill(process)
        if answer.seek(0, os.SEEK_END) > job.limits.result_bytes:
            raise CrashedError("its answer is too large")
        answer.seek(0)
        return Ending(process.returncode, answer.read(), tail(stderr))


def kill(process: subprocess.Popen[bytes]) -> None:
    """Kills the worker and all processes that it started, and waits for it. Does no harm if it has ended."""
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()


def tail(stream: IO[bytes]) -> str:
    size = stream.seek(0, os.SEEK_END)
    stream.seek(max(size - _STDERR_TAIL_BYTES, 0))
    return stream.read().decode("utf-8", "replace").strip()


def too_slow(job: Job) -> ExtractionLimitError:
    """Returns the error of a worker that took too long."""
    return ExtractionLimitError(
        f"{job.task} took more than {job.limits.seconds:g} s and was stopped: {job.advice}."
    )


def _crash(ending: Ending) -> CrashedError:
    if ending.code < 0:
        with contextlib.suppress(ValueError):
            return CrashedError(f"stopped by {signal.Signals(-ending.code).name}")
    last_line = ending.stderr.rpartition("\n")[2]
    error = CrashedError(last_line or f"exit status {ending.code}")
    if ending.stderr:
        error.add_note(ending.stderr)
    return error
