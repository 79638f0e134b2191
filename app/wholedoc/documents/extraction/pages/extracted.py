"""What the worker sends back: the pages of a file, or the error that a person caused."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from ....errors import DocumentError, ExtractionLimitError, NoTextError, PasswordError, UnreadableFileError
from ...document import OutlineEntry
from ...recognition.scan import Scan
from ..limits import ExtractionLimits

_ERRORS: dict[str, type[DocumentError]] = {
    error.__name__: error for error in (ExtractionLimitError, NoTextError, PasswordError, UnreadableFileError)
}


class InvalidResultError(Exception):
    """The worker's answer has not the form that a worker writes, so the worker is broken or was taken over."""


@dataclass(frozen=True)
class Extracted:
    """What was read from a file. `pages` are `(text, label)` pairs in order.

    `scans` are the pages that are pictures of text, or whose text is garbage, in order.
    """

    pages: tuple[tuple[str, str], ...]
    outline: tuple[OutlineEntry, ...] = ()
    warnings: tuple[str, ...] = ()
    scans: tuple[Scan, ...] = ()

    def to_json(self) -> bytes:
        """Write this as a worker's answer."""
        outline = [(entry.title, entry.level, entry.page) for entry in self.outline]
        scans = [asdict(scan) for scan in self.scans]
        body = {"pages": self.pages, "outline": outline, "warnings": self.warnings, "scans": scans}
        return json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")


def error_to_json(error: DocumentError) -> bytes:
    """Write an error as a worker's answer."""
    return json.dumps({"error": [type(error).__name__, str(error)]}).encode()


def parse_result(raw: bytes, limits: ExtractionLimits) -> Extracted:
    """Check a worker's answer and rebuild what it says.

    The worker may have read a hostile file, so its answer is not trusted.
    Raises the `DocumentError` that the worker reports, or `InvalidResultError`.
    """
    try:
        body = json.loads(raw)
        if "error" in body:
            kind, message = body["error"]
            raise _ERRORS[kind](_text(message))
        pages = tuple((_text(text), _text(label)) for text, label in body["pages"])
        outline = tuple(_entry(*entry, page_count=len(pages)) for entry in body["outline"])
        warnings = tuple(_text(warning) for warning in body["warnings"])
        scans = tuple(_scan(scan, len(pages), limits) for scan in body.get("scans", ()))
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise InvalidResultError(str(error)) from error
    if len(pages) > limits.pages or sum(len(text) for text, _ in pages) > limits.characters:
        raise InvalidResultError("more pages or characters than the worker was allowed")
    return Extracted(pages, outline, warnings, scans)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"expected text, got {type(value).__name__}")
    return value


def _scan(value: dict[str, object], page_count: int, limits: ExtractionLimits) -> Scan:
    inside = value["inside"]
    if not isinstance(inside, list) or len(inside) > limits.archive_depth:
        raise ValueError("a scanned page lies too deep")
    page, page_in_file, *numbers = (_index(one) for one in (value["page"], value["page_in_file"], *inside))
    if page >= page_count:
        raise ValueError("a scanned page is out of range")
    return Scan(page, page_in_file, tuple(numbers))


def _index(value: object) -> int:
    if type(value) is not int or value < 0:
        raise ValueError("expected an index")
    return value


def _entry(title: object, level: object, page: object, *, page_count: int) -> OutlineEntry:
    if type(level) is not int or type(page) is not int or level < 1 or not 1 <= page <= page_count:
        raise ValueError("an outline entry is out of range")
    return OutlineEntry(_text(title), level, page)
