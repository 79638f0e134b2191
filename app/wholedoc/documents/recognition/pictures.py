"""Pages as pictures to be recognised: rendered from a PDF, or the frames of a picture file."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ...errors import UnreadableFileError
from ..formats import FileKind
from ..rendering.frames import frame, open_image

DPI = 200
"""Pages of a PDF are recognised at this resolution: a finer one costs more and finds no more."""

_LONGEST_SIDE = 4000


def pictures(
    path: str, name: str, kind: FileKind, pages: Sequence[int], password: str | None
) -> Iterator[tuple[int, Any]]:
    """Yield the pages' indexes (0-based), each with its picture in RGB. Raises `DocumentError`."""
    if kind is FileKind.PDF:
        yield from _of_pdf(path, name, pages, password)
    else:
        image = open_image(Path(path).read_bytes(), name)
        for index in pages:
            shown = frame(image, index, name)
            shown.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE))
            yield index, shown


def _of_pdf(path: str, name: str, pages: Sequence[int], password: str | None) -> Iterator[tuple[int, Any]]:
    from ..rendering.drawing import Size, draw
    from ..rendering.opening import load_page, open_document

    document = open_document(Path(path), name, password)
    for index in pages:
        page = load_page(document, name, index + 1)
        across, down = (side * DPI / 72 for side in page.get_size())
        if not (0 < across < math.inf and 0 < down < math.inf):
            raise UnreadableFileError(f"Page {index + 1:,} of {name} is damaged (it has no size).")
        smaller = min(1.0, _LONGEST_SIDE / max(across, down))
        size = Size(max(int(across * smaller), 1), max(int(down * smaller), 1))
        yield index, draw(page, size)
