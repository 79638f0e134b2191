"""The cited PDF with its quotes marked, so that the evidence can be handed on."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ..answer import Citation
from ..documents.document import Document
from ..documents.extraction.filetype import HEAD_BYTES, detect
from ..documents.extraction.pages.extracted import InvalidResultError
from ..documents.formats import FileKind
from ..documents.recognition.boxes import quote_boxes
from ..documents.rendering import Box, render_page
from ..errors import UnreadableFileError
from ..runtime.limited_process import CrashedError, Job, command_for, run
from .marking import Mark, MarkingLimits, Request, parse_answer

_WIDTH = 1000  # pixels, of the picture on which the places are found; they are fractions of it


@dataclass(frozen=True)
class MarkedPdf:
    """A PDF with highlights, and the citations whose quotes could not be found on their pages."""

    content: bytes
    not_found: tuple[Citation, ...]


def marked_pdf(
    file: Path, document: Document, citations: Sequence[Citation], limits: MarkingLimits | None = None
) -> MarkedPdf:
    """Return the PDF in `file` with the quotes of those citations that are of `document` highlighted, by
    annotations that say the citation's number.

    The file is changed in a limited child process, and nothing else in it changes. Raises `UnreadableFileError` for
    a file that is no PDF, is encrypted or damaged, and `ExtractionLimitError`.
    """
    limits = limits or MarkingLimits()
    _check_is_pdf(file, document.name)
    marks: list[Mark] = []
    not_found: list[Citation] = []
    for number, citation in enumerate(citations, 1):
        if citation.document_id != document.id:
            continue
        boxes = _boxes(file, document, citation)
        if not boxes:
            not_found.append(citation)
        marks += [Mark(citation.page - 1, box.left, box.top, box.width, box.height, f"[{number}]") for box in boxes]
    request = Request(str(file.absolute()), document.name, tuple(marks), limits)
    job = Job(worker_command(), request.to_json(), limits, f"Marking {document.name}", "mark fewer documents")
    try:
        return MarkedPdf(parse_answer(run(job, time.monotonic() + limits.seconds)), tuple(not_found))
    except (CrashedError, InvalidResultError) as error:
        raise UnreadableFileError(
            f"{document.name} made what marks it crash ({error}), so it is damaged or harmful: fetch it again."
        ) from error


def _check_is_pdf(file: Path, name: str) -> None:
    """Raise UnreadableFileError for another kind of file, by the document's name: the library's files have none."""
    with suppress(OSError), file.open("rb") as opened:  # what cannot be opened is told by the worker
        if detect(opened.read(HEAD_BYTES), Path(name).suffix.lower(), name) is not FileKind.PDF:
            raise UnreadableFileError(f"{name} is not a PDF, so nothing can be marked in it: export to .docx.")


def worker_command() -> list[str]:
    """Return the command that starts a worker."""
    return command_for("wholedoc.exporting.marking_worker")


def _boxes(file: Path, document: Document, citation: Citation) -> tuple[Box, ...]:
    page = document.pages[citation.page - 1]
    if page.confidence is not None:
        return quote_boxes(page, citation.quote)
    return render_page(file, citation.page, quote=citation.quote, width=_WIDTH).boxes
