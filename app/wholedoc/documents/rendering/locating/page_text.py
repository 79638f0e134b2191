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
_SUBPIXELS = 64  # pdfium rounds places to whole pixels, so they are computed on a picture this much larger
_REACH = 0.4  # in sizes of a character's ink: how far its room goes beyond the ink in a sound font


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
        """Return where a character stands. None stands for a blank, and for one more than half off the picture."""
        if self.characters[index].isspace():
            return None
        place = self._place(index)
        shown = place.within(Rectangle(0, 0, self._size.width, self._size.height))
        if shown.is_empty or 2 * shown.width * shown.height < place.width * place.height:
            return None
        return Mark(shown, self._is_sideways(index))

    def _place(self, index: int) -> Rectangle:
        """Return the room that the font gives to the character, which is equally high for all characters of a line.

        Some fonts state it much too large, and then the ink counts. Letters over a scan have no ink.
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
        """Convert a place on the page from points to pixels. pdfium heeds rotation and crop."""
        across, down = ctypes.c_int(), ctypes.c_int()
        width, height = self._size.width * _SUBPIXELS, self._size.height * _SUBPIXELS
        pdfium_c.FPDF_PageToDevice(self._page, 0, 0, width, height, 0, x, y, across, down)
        return across.value / _SUBPIXELS, down.value / _SUBPIXELS

    def _is_sideways(self, index: int) -> bool:
        turned = round(pdfium_c.FPDFText_GetCharAngle(self._text, index) / (math.pi / 2))
        return (turned + self._quarter_turns) % 2 == 1


def _joined(codes: list[int]) -> list[str]:
    """Return the characters of `codes`, which are UTF-16 units or whole code points."""
    characters = [chr(code) for code in codes]
    for index in range(len(codes) - 1):
        high, low = codes[index], codes[index + 1]
        if 0xD800 <= high < 0xDC00 <= low < 0xE000:
            characters[index : index + 2] = chr(0x10000 + (high - 0xD800) * 0x400 + (low - 0xDC00)), ""
    return characters
