"""Drawing one page of the file at a path."""

from __future__ import annotations

import time
from pathlib import Path

from ...errors import UnreadableFileError
from ...runtime.limited_process import CrashedError, Job, command_for, run
from ..extraction.clean import clean_line
from ..extraction.extracted import InvalidResultError
from .limits import DEFAULT_LIMITS, RenderingLimits
from .page_image import PageImage
from .reply import parse_answer
from .request import Request

_NARROWEST = 16


def render_page(
    path: Path,
    page: int,
    *,
    quote: str = "",
    width: int = 1000,
    password: str | None = None,
    limits: RenderingLimits = DEFAULT_LIMITS,
) -> PageImage:
    """Draw page `page`, counted from 1, of a PDF in a limited child process, and find `quote` on it.

    The picture is `width` pixels wide, or less where the page would be beyond `limits`. The quote is looked for
    by its letters and digits, so spaces, hyphens, ligatures and accents may differ; the first occurrence counts.

    Raises `UnreadableFileError`, `PasswordError`, `NoSuchPageError` or `ExtractionLimitError`, each with one
    sentence for the person who asked, and `ValueError` for a page or a width that no picture can have.
    """
    if page < 1:
        raise ValueError(f"pages count from 1, so there is no page {page}")
    if not _NARROWEST <= width <= limits.side:
        raise ValueError(f"a picture is {_NARROWEST} to {limits.side} pixels wide, not {width}")
    name = clean_line(path.name) or "The file"
    request = Request(str(path.absolute()), name, page, quote, width, password or None, limits)
    try:
        answer = run(_job(request), time.monotonic() + limits.seconds)
        return parse_answer(answer, limits)
    except (CrashedError, InvalidResultError) as error:
        raise UnreadableFileError(
            f"{request.what} made its renderer crash ({error}), so it is damaged or harmful:"
            " fetch the file again, or save it anew."
        ) from error


def worker_command() -> list[str]:
    """Return the command that starts a worker."""
    return command_for("wholedoc.documents.rendering.worker")


def _job(request: Request) -> Job:
    task = f"Showing page {request.page:,} of {request.name}"
    return Job(worker_command(), request.to_json(), request.limits, task, "save it anew as PDF and try again")
