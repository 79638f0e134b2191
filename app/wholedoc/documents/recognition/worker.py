"""The child process that recognises the text of scanned pages and pictures of an untrusted file.

It reads a JSON request from standard input, and writes a line of JSON for each page to standard output as it goes.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import DocumentError
from ...runtime.limited_worker import serve_lines
from ..extraction.pages.extracted import error_to_json
from .recognised import RecognisedPage
from .request import Request

if TYPE_CHECKING:
    from ..extraction.source import Source


def main() -> None:
    """Answer the one request that comes through standard input."""
    request = Request.from_json(sys.stdin.buffer.read())
    serve_lines(request.limits, lambda: _answers(request))


def _answers(request: Request) -> Iterator[bytes]:
    logging.disable(logging.CRITICAL)
    try:
        yield from (page.to_json() for page in _pages(request))
    except DocumentError as error:
        yield error_to_json(error) + b"\n"


def _pages(request: Request) -> Iterator[RecognisedPage]:
    # What recognises is imported here, when the limits hold.
    from .engine import Engine, usable_threads
    from .pictures import pictures
    from .side_by_side import recognised

    threads = usable_threads()
    at_once = min(threads, len(request.scans))
    engines = [Engine(threads // at_once) for _ in range(at_once)]
    yield from recognised(pictures(_source(request), request.scans), engines)


def _source(request: Request) -> Source:
    from ..extraction.reading import read
    from ..extraction.source import Budget, Source

    limits = request.unpacking
    data = Path(request.path).read_bytes()
    return Source(data, request.name, request.kind, request.password, limits, Budget(limits), read)


if __name__ == "__main__":
    main()
