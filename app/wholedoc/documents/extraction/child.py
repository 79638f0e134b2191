"""Reading a file in a child process, and once more without pdfium where that crashed it."""

from __future__ import annotations

import contextlib
import time
from dataclasses import replace

from ...errors import UnreadableFileError
from ...runtime.limited_process import CrashedError, Job, command_for, run
from .extracted import Extracted, InvalidResultError, parse_result
from .filetype import FileKind
from .worker import Request

_ADVICE = "split it into smaller files, or save it anew as PDF"


def extract_in_child(request: Request) -> Extracted:
    """Read a file in a child process.

    A PDF on which the worker dies is tried once more without pdfium, which is not memory-safe code.
    Raises the `DocumentError` that the worker reports, `ExtractionLimitError` where it needs too much time
    or memory, and `UnreadableFileError` where it crashes.
    """
    deadline = time.monotonic() + request.limits.seconds
    try:
        return _attempt(request, deadline)
    except CrashedError as first:
        if request.kind is FileKind.PDF:
            with contextlib.suppress(CrashedError):
                return _attempt(replace(request, use_pdfium=False), deadline)
        raise _crash_error(request, first) from first


def worker_command() -> list[str]:
    """The command that starts a worker."""
    return command_for("wholedoc.documents.extraction.worker")


def _attempt(request: Request, deadline: float) -> Extracted:
    job = Job(worker_command(), request.to_json(), request.limits, f"Reading {request.name}", _ADVICE)
    try:
        return parse_result(run(job, deadline), request.limits)
    except InvalidResultError as error:
        raise CrashedError(f"its answer is invalid: {error}") from error


def _crash_error(request: Request, crash: CrashedError) -> UnreadableFileError:
    return UnreadableFileError(
        f"{request.name} made its reader crash ({crash}), so it is damaged or harmful:"
        " fetch the file again, or save it anew."
    )
