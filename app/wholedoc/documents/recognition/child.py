"""Recognising pages in a child process, with progress by page."""

from __future__ import annotations

import time

from ...errors import UnreadableFileError
from ...runtime.limited_process import CrashedError, Job, command_for, lines
from ..extraction.worker import Request as Reading
from .recognised import InvalidPageError, RecognisedPage, parse_page
from .recognition import Recognition
from .request import Request
from .scan import Scan

_ADVICE = "split it into smaller files"


def recognise_in_child(
    reading: Reading, scans: tuple[Scan, ...], recognition: Recognition
) -> dict[int, RecognisedPage]:
    """Recognise the pages of a file that was read, and return them by their indexes (0-based) in the document.

    Raises `Cancelled` when `recognition.cancelled` turns true, the `DocumentError` that the worker reports,
    `ExtractionLimitError` where it needs too much time or memory, and `UnreadableFileError` where it crashes.
    """
    pages = frozenset(scan.page for scan in scans)
    name, limits = reading.name, recognition.limits.for_pages(len(pages))
    request = Request(reading.path, name, reading.kind, scans, reading.password, limits, reading.limits)
    job = Job(worker_command(), request.to_json(), limits, f"Recognising {name}", _ADVICE)
    found: dict[int, RecognisedPage] = {}
    recognition.progress(0, len(pages))
    try:
        for line in lines(job, time.monotonic() + limits.seconds, recognition.cancelled):
            page = parse_page(line, pages)
            found[page.index] = page
            recognition.progress(len(found), len(pages))
        if len(found) < len(pages):
            raise CrashedError("it stopped before the last page")
    except (CrashedError, InvalidPageError) as error:
        raise UnreadableFileError(
            f"{name} made its recogniser crash ({error}), so it is damaged or harmful: fetch the file again, or"
            " save it anew."
        ) from error
    return found


def worker_command() -> list[str]:
    """Return the command that starts a worker."""
    return command_for("wholedoc.documents.recognition.worker")
