"""Reading a file in a child process."""

from __future__ import annotations

import time

from ...errors import UnreadableFileError
from ...runtime.limited_process import CrashedError, Job, command_for, run
from .pages.extracted import Extracted, InvalidResultError, parse_result
from .worker import Request

_ADVICE = "split it into smaller files, or save it anew as PDF"


def extract_in_child(request: Request) -> Extracted:
    """Read a file in a child process.

    Raises the `DocumentError` that the worker reports, `ExtractionLimitError` where it needs too much time
    or memory, and `UnreadableFileError` where it crashes.
    """
    job = Job(worker_command(), request.to_json(), request.limits, f"Reading {request.name}", _ADVICE)
    try:
        answer = run(job, time.monotonic() + request.limits.seconds)
        return parse_result(answer, request.limits)
    except CrashedError as error:
        raise _crash_error(request, str(error)) from error
    except InvalidResultError as error:
        raise _crash_error(request, f"its answer is invalid: {error}") from error


def worker_command() -> list[str]:
    """Return the command that starts a worker."""
    return command_for("wholedoc.documents.extraction.worker")


def _crash_error(request: Request, crash: str) -> UnreadableFileError:
    return UnreadableFileError(
        f"{request.name} made its reader crash ({crash}), so it is damaged or harmful:"
        " fetch the file again, or save it anew."
    )
