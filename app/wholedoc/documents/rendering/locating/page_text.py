"""The characters of a page as pdfium finds them, and their places on the picture."""

from __future__ import annotations

import ctypes
import math
from typing import Any

import pypdfium2
import pypdfium2.raw as pdfium_c

from ..drawing import Size
from .lines import Mark
from .rectangles import Rectangle

_MOST_CHARACTERS = 1_000_000
_SUBPIXELS = 64  # pdfium gives places in whole units
_REACH = 0.4  # how far the room of a sound font goes beyond the ink, in sizes of the ink


class PageText:
    """`characters[i]` is pdfium's character i. The second half of a surrogate pair is an empty string."""

    def __init__(self, page: Any, size: Size) -> None:
        self._page = page
        self._size = size
        self._text = page.get_textpage()
        self._quarter_turns = page.get_rotation() // 90
        count = min(self._text.count_chars(), _MOST_CHARACTERS)
        self.characters = _joined([pdfium_c.FPDFText_GetUnicode(self._text, index) for index in range(count)])

    def mark(self, index: int) -> Mark | None:
        """Where a character stands; None for blanks, and for what lies off the picture by more than half."""
        if self.characters[index].isspace():
            return None
        place = self._place(index)
        shown = place.within(Rectangle(0, 0, self._size.width, self._size.height))
        if shown.is_empty or 2 * shown.width * shown.height < place.width * place.height:
            return None
        return Mark(shown, self._is_sideways(index))

    def _place(self, index: int) -> Rectangle:
        """The room that the font gives to the character: equally high for all of a line.

        Some fonts state it much too large, and then the ink counts; letters over a scan have no ink.
        """
        room, ink = self._on_picture(index, loose=True), self._on_picture(index, loose=False)
        if ink.is_empty:
            return room
        reach = _REACH * max(ink.width, ink.height)
        return room.within(ink.grown(reach, reach)).united(ink)

    def _on_picture(self, index: int, *, loose: bool) -> Rectangle:
        try:
            left, bottom, right, top = self._text.get_charbox(index, loose=loose)
        except pypdfium2.PdfiumError:
            return Rectangle(0, 0, 0, 0)
        (x1, y1), (x2, y2) = self._point(left, bottom), self._point(right, top)
        return Rectangle(min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2))

    def _point(self, x: float, y: float) -> tuple[float, float]:
        """From the page's points to pixels: rotation and crop are pdfium's business."""
        across, down = ctypes.c_int(), ctypes.c_int()
        width, height = self._size.width * _SUBPIXELS, self._size.height * _SUBPIXELS
        pdfium_c.FPDF_PageToDevice(self._page, 0, 0, width, height, 0, x, y, across, down)
        return across.value / _SUBPIXELS, down.value / _SUBPIXELS

    def _is_sideways(self, index: int) -> bool:
        turned = round(pdfium_c.FPDFText_GetCharAngle(self._text, index) / (math.pi / 2))
        return (turned + self._quarter_turns) % 2 == 1


def _joined(codes: list[int]) -> list[str]:
    """Characters of UTF-16 units or of whole code points."""
    characters = [chr(code) for code in codes]
    for index in range(len(codes) - 1):
        high, low = codes[index], codes[index + 1]
        if 0xD800 <= high < 0xDC00 <= low < 0xE000:
            characters[index : index + 2] = chr(0x10000 + (high - 0xD800) * 0x400 + (low - 0xDC00)), ""
    return characters
