"""The child process that adds highlights to an untrusted PDF, with pypdf.

It reads a JSON request from standard input and writes the marked PDF to standard output.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

from ..documents.extraction.pages.extracted import error_to_json
from ..errors import DocumentError, UnreadableFileError
from ..runtime.limited_worker import serve
from .marking import Mark, Request

_COLOUR = "ffe24a"


def main() -> None:
    """Answer the one request that comes through standard input."""
    request = Request.from_json(sys.stdin.buffer.read())
    serve(request.limits, lambda: _answer(request))


def _answer(request: Request) -> bytes:
    try:
        return _marked(request)
    except DocumentError as error:
        return error_to_json(error)


def _marked(request: Request) -> bytes:
    from pypdf import PdfReader, PdfWriter
    from pypdf.errors import PyPdfError

    data = Path(request.path).read_bytes()
    if b"%PDF-" not in data[:1024]:
        raise UnreadableFileError(f"{request.name} is not a PDF, so nothing can be marked in it.")
    try:
        reader = PdfReader(io.BytesIO(data))
        if reader.is_encrypted:
            raise UnreadableFileError(
                f"{request.name} is encrypted, and a marked copy would not be: save it without encryption first."
            )
        writer = PdfWriter(clone_from=reader)
        for mark in request.marks:
            _add(writer, mark)
        buffer = io.BytesIO()
        writer.write(buffer)
    except (PyPdfError, ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError) as error:
        raise UnreadableFileError(
            f"{request.name} is damaged, so nothing can be marked in it ({error})."
        ) from error
    return buffer.getvalue()


def _add(writer: Any, mark: Mark) -> None:
    from pypdf.annotations import Highlight
    from pypdf.generic import ArrayObject, FloatObject, NameObject, TextStringObject

    page = writer.pages[mark.page]
    left, bottom, right, top = on_page(mark, page.cropbox, page.rotation % 360)
    corners = (left, top, right, top, left, bottom, right, bottom)
    annotation = Highlight(
        rect=(left, bottom, right, top),
        quad_points=ArrayObject([FloatObject(corner) for corner in corners]),
        highlight_color=_COLOUR,
        printing=True,
    )
    annotation[NameObject("/Contents")] = TextStringObject(mark.note)
    writer.add_annotation(page_number=mark.page, annotation=annotation)


def on_page(mark: Mark, box: Any, turned: int) -> tuple[float, float, float, float]:
    """Return left, bottom, right and top of a mark in the page's own coordinates, in points.

    The page is drawn turned clockwise by `turned` degrees, and only its crop box is drawn.
    """
    corners = [
        _unturned(across, down, turned)
        for across in (mark.left, mark.left + mark.width)
        for down in (mark.top, mark.top + mark.height)
    ]
    width, height = float(box.right) - float(box.left), float(box.top) - float(box.bottom)
    xs = [float(box.left) + across * width for across, _ in corners]
    ys = [float(box.top) - down * height for _, down in corners]
    return min(xs), min(ys), max(xs), max(ys)


def _unturned(across: float, down: float, turned: int) -> tuple[float, float]:
    """Return where a point of the drawn page, in fractions from its top left, is on the page before its turn."""
    match turned:
        case 90:
            return down, 1 - across
        case 180:
            return 1 - across, 1 - down
        case 270:
            return 1 - down, across
        case _:
            return across, down


if __name__ == "__main__":
    main()
