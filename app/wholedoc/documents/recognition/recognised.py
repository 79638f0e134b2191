"""What the worker sends back: a line of JSON for each page, or the error that a person caused."""

from __future__ import annotations

import json
from dataclasses import astuple, dataclass

from ...errors import DocumentError, ExtractionLimitError, PasswordError, UnreadableFileError
from ..document import Line

_ERRORS: dict[str, type[DocumentError]] = {
    error.__name__: error for error in (ExtractionLimitError, PasswordError, UnreadableFileError)
}
_MOST_CHARACTERS = 1_000_000


class InvalidPageError(Exception):
    """A line has not the form that a worker writes, so the worker is broken or was taken over."""


@dataclass(frozen=True)
class RecognisedPage:
    """The text of page `index` (0-based), how sure the recogniser is of it (0 to 1), and where its lines stand.

    `unread` is how many lines were found whose letters could not be told; `failure` says why there is no picture.
    """

    index: int
    text: str
    confidence: float
    lines: tuple[Line, ...]
    unread: int = 0
    failure: str = ""

    def to_json(self) -> bytes:
        """Write this as a line of a worker's answer."""
        lines = [astuple(line) for line in self.lines]
        body: dict[str, object] = {
            "index": self.index,
            "text": self.text,
            "confidence": self.confidence,
            "unread": self.unread,
            "failure": self.failure,
        }
        body["lines"] = lines
        return json.dumps(body).encode() + b"\n"


def parse_page(raw: bytes, wanted: frozenset[int]) -> RecognisedPage:
    """Check a line of a worker's answer and rebuild what it says.

    The worker may have read a hostile file, so its answer is not trusted.
    Raises the `DocumentError` that the worker reports, or `InvalidPageError`.
    """
    try:
        body = json.loads(raw)
        if "error" in body:
            kind, message = body["error"]
            raise _ERRORS[kind](str(message))
        index, text = body["index"], body["text"]
        if type(index) is not int or index not in wanted or type(text) is not str or len(text) > _MOST_CHARACTERS:
            raise ValueError("not a page that was asked for")
        lines = tuple(_line(len(text), *line) for line in body["lines"])
        unread = body.get("unread", 0)
        if type(unread) is not int or unread < 0:
            raise ValueError("not a number of lines")
        failure = body.get("failure", "")
        if type(failure) is not str:
            raise ValueError("not a reason")
        return RecognisedPage(index, text, _fraction(body["confidence"]), lines, unread, failure)
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise InvalidPageError(str(error)) from error


def _line(length: int, start: object, stop: object, *edges: object) -> Line:
    if type(start) is not int or type(stop) is not int or not 0 <= start <= stop <= length:
        raise ValueError("a line is not in the text")
    left, top, width, height = (_fraction(edge) for edge in edges)
    return Line(start, stop, left, top, min(width, 1 - left), min(height, 1 - top))


def _fraction(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise ValueError("a place is not on the page")
    return float(value)
