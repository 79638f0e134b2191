"""The child process that draws a page of an untrusted PDF.

It reads a JSON request from standard input and writes an answer (`reply.py`) to standard output.
"""

from __future__ import annotations

import sys
from pathlib import Path

from ...errors import DocumentError
from ...runtime.limited_worker import serve
from ..extraction.extracted import error_to_json
from .reply import answer_to_bytes
from .request import Request


def main() -> None:
    """Answer the one request that comes through standard input."""
    request = Request.from_json(sys.stdin.buffer.read())
    serve(request.limits, lambda: _answer(request))


def _answer(request: Request) -> bytes:
    try:
        return _render(request)
    except DocumentError as error:
        return error_to_json(error)


def _render(request: Request) -> bytes:
    # pdfium is imported here, when the limits hold.
    from .drawing import draw, picture_size
    from .encoding import encode
    from .frames import draw_frame, is_picture
    from .highlighting import boxes_of
    from .opening import open_page

    path = Path(request.path)
    if is_picture(path):
        return answer_to_bytes(encode(draw_frame(path, request)), ())
    page = open_page(path, request.name, request.page, request.password)
    size = picture_size(page, request.width, request.limits, request.what)
    return answer_to_bytes(encode(draw(page, size)), boxes_of(page, request.quote, size))


if __name__ == "__main__":
    main()
