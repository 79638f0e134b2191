"""What the parent process asks of the worker that marks a PDF, and what comes back."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from ..documents.extraction.pages.extracted import InvalidResultError
from ..errors import DocumentError, UnreadableFileError

_ERRORS: dict[str, type[DocumentError]] = {UnreadableFileError.__name__: UnreadableFileError}
_PDF_MARK = b"%PDF-"
_LONGEST_ERROR = 10_000


@dataclass(frozen=True)
class MarkingLimits:
    """Bounds on marking one PDF: wall-clock seconds, bytes of address space, bytes of the marked file."""

    seconds: float = 120.0
    memory_bytes: int = 4 << 30
    result_bytes: int = 1 << 30


@dataclass(frozen=True)
class Mark:
    """A rectangle to highlight on page `page` (0-based), in fractions of the page as it is drawn, and its note."""

    page: int
    left: float
    top: float
    width: float
    height: float
    note: str


@dataclass(frozen=True)
class Request:
    """Which places of which file are to be marked."""

    path: str
    name: str
    marks: tuple[Mark, ...]
    limits: MarkingLimits

    def to_json(self) -> bytes:
        return json.dumps(asdict(self)).encode()

    @classmethod
    def from_json(cls, raw: bytes) -> Request:
        body: dict[str, Any] = json.loads(raw)
        marks = tuple(Mark(**mark) for mark in body["marks"])
        return cls(body["path"], body["name"], marks, MarkingLimits(**body["limits"]))


def parse_answer(raw: bytes) -> bytes:
    """Return the marked PDF. Raises the `DocumentError` that the worker reports, or `InvalidResultError`."""
    if raw.startswith(_PDF_MARK):
        return raw
    try:
        kind, message = json.loads(raw[:_LONGEST_ERROR])["error"]
        error = _ERRORS[kind](str(message))
    except (ValueError, TypeError, KeyError, RecursionError) as invalid:
        raise InvalidResultError(str(invalid)) from invalid
    raise error
