"""pdfium reads the text of a PDF."""

from __future__ import annotations

import math
import re
from bisect import bisect_left
from collections import Counter
from typing import Any

import pypdfium2
import pypdfium2.raw as pdfium_c

from .arranging import arranged
from .opening import Obstacle, Refusal
from .rows import Box

# pdfium writes one of these characters where it joined two lines at a hyphen.
_JOINED_LINES = re.compile("[\ufffe\u0002][ \t]*(?:\r?\n)?")
# Quarters of a turn, and how many characters tell which way a page's lines run.
_UPWARDS, _DOWNWARDS, _LOOKED_AT = 3, 1, 40
_OBSTACLES = {
    pdfium_c.FPDF_ERR_PASSWORD: Obstacle.PASSWORD,
    pdfium_c.FPDF_ERR_SECURITY: Obstacle.ENCRYPTION,
}


class PdfiumReader:
    """An open PDF. Page indexes count from 0; `page_count` is what the file declares."""

    def __init__(self, document: Any) -> None:
        self._document = document
        self.page_count = len(document)

    @classmethod
    def open(cls, data: bytes, password: str | None) -> PdfiumReader | Refusal:
        """Open a PDF, or return why pdfium cannot open it."""
        try:
            return cls(pypdfium2.PdfDocument(data, password=password or None))
        except pypdfium2.PdfiumError as error:
            obstacle = _OBSTACLES.get(getattr(error, "err_code", None), Obstacle.DAMAGE)
            return Refusal(obstacle, str(error).rstrip("."))

    def has_page(self, index: int) -> bool:
        """Return whether the page can be loaded, since the file may declare pages that are not there."""
        try:
            self._document[index].close()
        except (pypdfium2.PdfiumError, IndexError, ValueError, OverflowError):
            return False
        return True

    def read(self, index: int) -> tuple[str | None, bool]:
        """Return the text of a page, or None where it cannot be read, and whether nothing is drawn on it."""
        try:
            page = self._document[index]
        except (pypdfium2.PdfiumError, IndexError):
            return None, False
        try:
            blank = pdfium_c.FPDFPage_CountObjects(page) == 0
            text_page = page.get_textpage()
            try:
                text = text_page.get_text_range()
                text = arranged(text, _Boxes(text_page, text))
            finally:
                text_page.close()
        except (pypdfium2.PdfiumError, AssertionError):
            return None, False
        finally:
            page.close()
        return _JOINED_LINES.sub("-\n", text), blank


class _Boxes:
    """Where the characters of a page's text stand. pdfium counts in UTF-16, and has characters that are no text.

    A page whose lines run upwards or downwards is turned, as whoever reads it turns it.
    """

    def __init__(self, text_page: Any, text: str) -> None:
        self._page = text_page
        self._wide = [at for at, sign in enumerate(text) if ord(sign) > 0xFFFF]
        self._angle = self._angle_of_most(len(text))

    def __call__(self, index: int) -> Box | None:
        """Return the box of a character, or None if it has none."""
        index += bisect_left(self._wide, index)
        found = pdfium_c.FPDFText_GetCharIndexFromTextIndex(self._page, index)
        box = pdfium_c.FS_RECTF()
        if found < 0 or not pdfium_c.FPDFText_GetLooseCharBox(self._page, found, box):
            return None
        if self._angle == _UPWARDS:
            return Box(box.bottom, box.top, -box.right, box.right - box.left)
        if self._angle == _DOWNWARDS:
            return Box(-box.top, -box.bottom, box.left, box.right - box.left)
        return Box(box.left, box.right, box.bottom, box.top - box.bottom)

    def _angle_of_most(self, length: int) -> int:
        """Return the angle of most of some characters all over the page, in quarters of a turn."""
        seen = range(0, length, max(length // _LOOKED_AT, 1))
        angles = (pdfium_c.FPDFText_GetCharAngle(self._page, index) for index in seen)
        found = Counter(round(2 * angle / math.pi) % 4 for angle in angles if angle >= 0).most_common(1)
        return found[0][0] if found else 0
