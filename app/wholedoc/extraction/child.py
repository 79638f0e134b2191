"""Running the worker: a fresh process with a bare environment, watched by the clock."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from wholedoc.errors import ExtractionLimitError, UnreadableFileError
from wholedoc.extraction.extracted import Extracted, InvalidResultError, parse_result
from wholedoc.extraction.filetype import FileKind
from wholedoc.extraction.worker import EXIT_OUT_OF_MEMORY, Request

# `-I` hides PYTHONPATH and the user's packages, from which this package may have been imported itself:
# the parent's import path is handed over, behind the child's own.
_START = (
    "import sys; sys.path.extend(path for path in sys.argv[1:] if path not in sys.path);"
    " from wholedoc.extraction.worker import main; main()"
)
_KEPT_VARIABLES = ("SYSTEMROOT", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TMPDIR", "TEMP", "TMP")
_STDERR_TAIL_BYTES = 4000
# How a process ends that the system stops at a limit, or for want of memory.
_KILLED = -9
_OUT_OF_PROCESSOR_TIME = -24


class _CrashedError(Exception):
    """The worker died without an answer; the text says how."""


@dataclass(frozen=True)
class _Ending:
    """How the worker ended. `code` is its exit status, or a negative signal number."""

    code: int
    answer: bytes
    stderr: str


def extract_in_child(request: Request) -> Extracted:
    """Read a file in a child process.

    A PDF on which the worker dies is tried once more without pdfium, which is not memory-safe code.
    Raises the `DocumentError` that the worker reports, `ExtractionLimitError` where it needs too much time
    or memory, and `UnreadableFileError` where it crashes.
    """
    deadline = time.monotonic() + request.limits.seconds
    try:
        return _attempt(request, deadline)
    except _CrashedError as first:
        if request.kind is FileKind.PDF:
            with contextlib.suppress(_CrashedError):
                return _attempt(replace(request, use_pdfium=False), deadline)
        raise _crash_error(request, first) from first


def worker_command() -> list[str]:
    """The command that starts a worker."""
    paths = [path for path in sys.path if os.path.isabs(path)]
    return [sys.executable, "-I", "-X", "utf8", "-c", _START, *paths]


def _attempt(request: Request, deadline: float) -> Extracted:
    ending = _run(request, deadline)
    if ending.code in (EXIT_OUT_OF_MEMORY, _KILLED):
        raise ExtractionLimitError(
            f"Reading {request.name} needs more memory than the {request.limits.memory_bytes / 2**30:.3g} GiB"
            " allowed, or than the machine has free: split it into smaller files."
        )
    if ending.code == _OUT_OF_PROCESSOR_TIME:
        raise _too_slow(request)
    if ending.code != 0:
        raise _crash(ending)
    try:
        return parse_result(ending.answer, request.limits)
    except InvalidResultError as error:
        raise _CrashedError(f"its answer is invalid: {error}") from error


def _run(request: Request, deadline: float) -> _Ending:
    with tempfile.TemporaryFile() as answer, tempfile.TemporaryFile() as stderr:
        process = subprocess.Popen(
            worker_command(),
            stdin=subprocess.PIPE,
            stdout=answer,
            stderr=stderr,
            env={name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ},
            cwd=Path(sys.executable).anchor or None,
            start_new_session=True,  # so that its whole process group can be killed
        )
        try:
            process.communicate(request.to_json(), timeout=max(deadline - time.monotonic(), 0))
        except subprocess.TimeoutExpired:
            raise _too_slow(request) from None
        finally:
            _kill(process)
        if answer.seek(0, os.SEEK_END) > request.limits.result_bytes:
            raise _CrashedError("its answer is too large")
        answer.seek(0)
        return _Ending(process.returncode, answer.read(), _tail(stderr))


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End the worker and all that it started, and wait for it. Harmless when it has ended."""
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()


def _tail(stream: IO[bytes]) -> str:
    size = stream.seek(0, os.SEEK_END)
    stream.seek(max(size - _STDERR_TAIL_BYTES, 0))
    return stream.read().decode("utf-8", "replace").strip()


def _too_slow(request: Request) -> ExtractionLimitError:
    return ExtractionLimitError(
        f"Reading {request.name} took more than {request.limits.seconds:g} s and was stopped:"
        " split it into smaller files, or save it anew as PDF."
    )


def _crash(ending: _Ending) -> _CrashedError:
    if ending.code < 0:
        with contextlib.suppress(ValueError):
            return _CrashedError(f"stopped by {signal.Signals(-ending.code).name}")
    last_line = ending.stderr.rpartition("\n")[2]
    error = _CrashedError(last_line or f"exit status {ending.code}")
    if ending.stderr:
        error.add_note(ending.stderr)
    return error


def _crash_error(request: Request, crash: _CrashedError) -> UnreadableFileError:
    return UnreadableFileError(
        f"{request.name} made its reader crash ({crash}), so it is damaged or harmful:"
        " fetch the file again, or save it anew."
    )
