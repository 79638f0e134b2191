"""pdfium reads the text of a PDF."""

from __future__ import annotations

import re
from typing import Any

import pypdfium2
import pypdfium2.raw as pdfium_c

from .opening import Obstacle, Refusal

# pdfium writes one of these characters where it joined two lines at a hyphen.
_JOINED_LINES = re.compile("[\ufffe\u0002][ \t]*(?:\r?\n)?")
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
            finally:
                text_page.close()
        except (pypdfium2.PdfiumError, AssertionError):
            return None, False
        finally:
            page.close()
        return _JOINED_LINES.sub("-\n", text), blank
