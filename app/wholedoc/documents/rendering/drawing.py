"""Drawing a page of an open PDF."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import pypdfium2
import pypdfium2.raw as pdfium_c

from ...errors import ExtractionLimitError, UnreadableFileError
from .limits import RenderingLimits

SMALLEST_SIDE = 8
"""The shortest side of a picture in pixels. A smaller picture shows nothing, and rounding would distort it."""

_FLAGS = pdfium_c.FPDF_ANNOT | pdfium_c.FPDF_REVERSE_BYTE_ORDER


@dataclass(frozen=True)
class Size:
    """The size of a picture in pixels."""

    width: int
    height: int


def picture_size(page: Any, width: int, limits: RenderingLimits, what: str) -> Size:
    """Return `width` and the height that follows from the page's shape, or a smaller size to keep to the limits.

    `what` names the page in messages. Raises `ExtractionLimitError` for a shape that cannot be shown, and
    `UnreadableFileError` for a page without size.
    """
    across, down = page.get_size()
    if not (0 < across < math.inf and 0 < down < math.inf):
        raise UnreadableFileError(f"{what} is damaged (it has no size): fetch the file again.")
    shape = down / across
    fitting = min(width, limits.side, limits.side / shape, math.sqrt(limits.pixels / shape))
    size = Size(int(fitting), int(fitting * shape))
    if min(size.width, size.height) < SMALLEST_SIDE:
        raise ExtractionLimitError(
            f"{what} is {across:,.6g} by {down:,.6g} points, too long and narrow to be shown here:"
            " open the file in a PDF viewer."
        )
    return size


def draw(page: Any, size: Size) -> Any:
    """Draw the page on white, with its annotations and form fields, as a PIL image in RGB."""
    bitmap = pypdfium2.PdfBitmap.new_native(size.width, size.height, pdfium_c.FPDFBitmap_BGR, rev_byteorder=True)
    bitmap.fill_rect((255, 255, 255, 255), 0, 0, size.width, size.height)
    target = (bitmap, page, 0, 0, size.width, size.height, 0, _FLAGS)
    pdfium_c.FPDF_RenderPageBitmap(*target)
    if page.formenv:
        pdfium_c.FPDF_FFLDraw(page.formenv, *target)
    return bitmap.to_pil()
