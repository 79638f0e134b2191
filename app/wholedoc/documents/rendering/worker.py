"""The child process that draws the pages of one untrusted file, as they are looked at.

It reads from standard input what file it is about, and then one request after another.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import astuple
from pathlib import Path
from typing import Any

from ...errors import DocumentError
from ...runtime.limited_worker import serve_requests
from ..extraction.pages.extracted import error_to_json
from .page_image import Box, TextLine
from .reply import answer_to_bytes
from .request import Opening, Request, Wanted


def main() -> None:
    """Answer the requests that come through standard input, about the file that its first line names."""
    opening = Opening.from_json(sys.stdin.buffer.readline())
    opened: list[Callable[[Request], bytes]] = []

    def answer(line: bytes) -> bytes:
        try:
            if not opened:
                opened.append(_open(opening))
            return opened[0](Request.from_json(line))
        except DocumentError as error:
            return error_to_json(error)

    serve_requests(opening.limits, answer)


def _open(opening: Opening) -> Callable[[Request], bytes]:
    # Pillow and pdfium are imported here, when the limits hold.
    from .frames import is_picture

    return _frames(opening) if is_picture(Path(opening.path)) else _pages(opening)


def _pages(opening: Opening) -> Callable[[Request], bytes]:
    """Return what answers about the pages of a PDF."""
    from .drawing import draw, picture_size
    from .encoding import encode
    from .highlighting import boxes_of, lines_of, occurrences_of
    from .opening import load_page, open_document

    document = open_document(Path(opening.path), opening.name, opening.password)
    document.init_forms()  # without it, and after a page is loaded, form fields are not drawn

    def answer(request: Request) -> bytes:
        if request.wanted is Wanted.SIZES:
            count = min(len(document), request.page)
            return _sizes([document.get_page_size(index) for index in range(count)])
        page = load_page(document, opening.name, request.page)
        try:
            what = f"Page {request.page:,} of {opening.name}"
            size = picture_size(page, request.width, opening.limits, what)
            if request.wanted is Wanted.PICTURE:
                return answer_to_bytes(encode(draw(page, size)), ())
            if request.wanted is Wanted.LINES:
                return _lines(lines_of(page, size))
            if request.wanted is Wanted.QUOTE:
                return _places([boxes_of(page, request.text, size)])
            return _places(occurrences_of(page, request.text, size))
        finally:
            page.close()

    return answer


def _frames(opening: Opening) -> Callable[[Request], bytes]:
    """Return what answers about the frames of a picture, which hold no text."""
    from .encoding import encode
    from .frames import draw_frame, frame_sizes

    path = Path(opening.path)

    def answer(request: Request) -> bytes:
        if request.wanted is Wanted.SIZES:
            return _sizes(frame_sizes(path, opening.name, request.page))
        if request.wanted is Wanted.LINES:
            return _lines([])
        if request.wanted is not Wanted.PICTURE:
            return _places([])
        frame = draw_frame(path, opening.name, request.page, request.width, opening.limits)
        return answer_to_bytes(encode(frame), ())

    return answer


def _sizes(sizes: Sequence[Any]) -> bytes:
    return json.dumps({"sizes": [[float(across), float(down)] for across, down in sizes]}).encode()


def _lines(lines: Sequence[TextLine]) -> bytes:
    return json.dumps({"lines": [[line.text, *astuple(line.box)] for line in lines]}).encode()


def _places(places: Sequence[Sequence[Box]]) -> bytes:
    return json.dumps({"places": [[astuple(box) for box in boxes] for boxes in places]}).encode()


if __name__ == "__main__":
    main()
