"""What the worker sends back: a line of JSON with the boxes or the error, then the encoded picture."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import astuple
from typing import Any

from ...errors import DocumentError, ExtractionLimitError, NoSuchPageError, PasswordError, UnreadableFileError
from ..extraction.pages.clean import clean_line
from ..extraction.pages.extracted import InvalidResultError
from .encoding import EncodedImage, recognise
from .limits import RenderingLimits
from .page_image import Box, PageImage, TextLine

_ERRORS: dict[str, type[DocumentError]] = {
    error.__name__: error for error in (ExtractionLimitError, NoSuchPageError, PasswordError, UnreadableFileError)
}
_LONGEST_HEAD = 1 << 20
_ROUNDING = 1e-6
_LONGEST_SIDE = 1e6


def answer_to_bytes(content: bytes, boxes: Iterable[Box]) -> bytes:
    """Write the boxes and an encoded picture as a worker's answer."""
    return json.dumps({"boxes": [astuple(box) for box in boxes]}).encode() + b"\n" + content


def parse_answer(raw: bytes, limits: RenderingLimits) -> PageImage:
    """Check a worker's answer and rebuild what it says.

    The worker may have read a hostile file, so its answer is not trusted; the kind and size of the picture are
    read from its first bytes. Raises the `DocumentError` that the worker reports, or `InvalidResultError`.
    """
    head = raw[:_LONGEST_HEAD].partition(b"\n")[0]
    try:
        boxes = tuple(_box(*numbers) for numbers in _body(head)["boxes"])
        image = recognise(raw[len(head) + 1 :])
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise InvalidResultError(str(error)) from error
    _check_size(image, limits)
    return PageImage(image.content, image.media_type, image.width, image.height, boxes)


def parse_sizes(raw: bytes) -> tuple[tuple[float, float], ...]:
    """Check the widths and heights of pages that a worker sends. Raises what `parse_answer` does."""
    try:
        return tuple((_length(across), _length(down)) for across, down in _body(raw)["sizes"])
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise InvalidResultError(str(error)) from error


def parse_places(raw: bytes) -> tuple[tuple[Box, ...], ...]:
    """Check the boxes of places on a page that a worker sends. Raises what `parse_answer` does."""
    try:
        return tuple(tuple(_box(*numbers) for numbers in boxes) for boxes in _body(raw)["places"])
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise InvalidResultError(str(error)) from error


def parse_lines(raw: bytes) -> tuple[TextLine, ...]:
    """Check the lines of a page's text that a worker sends. Raises what `parse_answer` does."""
    try:
        return tuple(TextLine(_said(said), _box(*numbers)) for said, *numbers in _body(raw)["lines"])
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise InvalidResultError(str(error)) from error


def _said(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"expected a text, got {type(value).__name__}")
    return clean_line(value)


def _body(raw: bytes) -> dict[str, Any]:
    """Return the object that a worker sends. Raises the `DocumentError` that it reports instead."""
    body: dict[str, Any] = json.loads(raw)
    if "error" in body:
        kind, message = body["error"]
        raise _ERRORS[kind](str(message))
    return body


def _length(value: object) -> float:
    """Return the length of a page's side; 0 for one that no page has, whose shape is then taken as usual."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"expected a number, got {type(value).__name__}")
    return float(value) if 0 < value < _LONGEST_SIDE else 0.0


def _box(left: object, top: object, width: object, height: object) -> Box:
    numbers = [_fraction(value) for value in (left, top, width, height)]
    box = Box(*numbers)
    if box.left + box.width > 1 + _ROUNDING or box.top + box.height > 1 + _ROUNDING:
        raise ValueError("a box is not on the page")
    return box


def _fraction(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"expected a number, got {type(value).__name__}")
    if not 0 <= value <= 1:  # NaN is refused, too
        raise ValueError("a box is not on the page")
    return float(value)


def _check_size(image: EncodedImage, limits: RenderingLimits) -> None:
    largest = max(image.width, image.height)
    if min(image.width, image.height) < 1 or largest > limits.side or image.width * image.height > limits.pixels:
        raise InvalidResultError(f"a picture of {image.width} by {image.height} pixels is beyond the limits")
