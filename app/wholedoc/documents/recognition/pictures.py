"""Pages as pictures to be recognised: rendered from a PDF, or the frames of a picture file, wherever that lies."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from ...errors import DocumentError, UnreadableFileError
from ..extraction.source import Source
from ..extraction.unpacking import files_inside
from ..formats import FileKind
from ..rendering.frames import frame, open_image
from .scan import Scan

DPI = 200
"""Pages of a PDF are recognised at this resolution: a finer one costs more and finds no more."""

_LONGEST_SIDE = 4000


@dataclass(frozen=True)
class NoPicture:
    """Stands for the picture of a page of a file that is damaged, and lies among others that are not."""

    reason: str


def pictures(source: Source, scans: Sequence[Scan]) -> Iterator[tuple[int, Any]]:
    """Yield the pages' indexes (0-based) in the document, each with its picture in RGB.

    A file that lies in an archive or a message has `NoPicture` where its pages cannot be drawn. Raises
    `DocumentError` where the file itself cannot be.
    """
    here, inner = [scan for scan in scans if not scan.inside], [scan for scan in scans if scan.inside]
    for scan, picture in zip(here, _drawn(source, [scan.page_in_file for scan in here]), strict=True):
        yield scan.page, picture
    if inner:
        yield from _inside(source, [scan.inside[0] for scan in inner], inner)


def _inside(source: Source, numbers: Sequence[int], scans: Sequence[Scan]) -> Iterator[tuple[int, Any]]:
    """Yield the pictures of an archive or a message, which is opened once, file by file."""
    file = files_inside(source)
    for number, pairs in groupby(zip(numbers, scans, strict=True), lambda pair: pair[0]):
        wanted = [Scan(one.page, one.page_in_file, one.inside[1:]) for _, one in pairs]
        missing = {one.page for one in wanted}
        try:
            for page, picture in pictures(file(number), wanted):
                missing.discard(page)
                yield page, picture
        except MemoryError:
            raise
        except Exception as error:  # formats' libraries raise whatever a damaged file leads them to
            reason = error if isinstance(error, DocumentError) else source.damaged(error)
            for page in sorted(missing):
                yield page, NoPicture(str(reason))


def _drawn(source: Source, pages: Sequence[int]) -> Iterator[Any]:
    if not pages:
        return
    if source.kind is FileKind.PDF:
        yield from _of_pdf(source, pages)
        return
    image = open_image(source.data, source.name)
    for index in pages:
        shown = frame(image, index, source.name)
        shown.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE))
        yield shown


def _of_pdf(source: Source, pages: Sequence[int]) -> Iterator[Any]:
    from ..rendering.drawing import Size, draw
    from ..rendering.opening import load_page, open_bytes

    document = open_bytes(source.data, source.name, source.password)
    for index in pages:
        page = load_page(document, source.name, index + 1)
        across, down = (side * DPI / 72 for side in page.get_size())
        if not (0 < across < math.inf and 0 < down < math.inf):
            raise UnreadableFileError(f"Page {index + 1:,} of {source.name} is damaged (it has no size).")
        smaller = min(1.0, _LONGEST_SIDE / max(across, down))
        size = Size(max(int(across * smaller), 1), max(int(down * smaller), 1))
        yield draw(page, size)
