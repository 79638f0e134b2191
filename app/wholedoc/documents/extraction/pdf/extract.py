"""A whole PDF: pdfium's text, with the labels and the outline that pypdf finds."""

from __future__ import annotations

from collections.abc import Sequence

from ....errors import NoTextError, UnreadableFileError
from ...document import OutlineEntry
from ...recognition import NOT_RECOGNISED
from ...recognition.scan import scans_of
from ..pages.clean import clean_pdf_text
from ..pages.extracted import Extracted
from ..pages.garbage import is_garbage
from ..pages.hyphens import join_divided_words
from . import page_warnings as say
from .readers import PdfRequest, Readers, open_readers
from .text import PageTexts, read_texts


def read_pdf(request: PdfRequest) -> Extracted:
    """Read the text, the page labels and the outline of a PDF.

    Headers, footers and page numbers stay in the text. Raises `PasswordError`, `NoTextError`,
    `ExtractionLimitError` and `UnreadableFileError`.
    """
    readers = open_readers(request)
    texts = read_texts(readers, request.name, request.limits)
    pages = join_divided_words(clean_pdf_text(page) for page in texts.pages)
    scans = _scans(pages, texts)
    if not any(page.strip() for page in pages) and not (scans and request.recognised):
        raise _nothing_to_read(request.name, texts)
    labels, label_warnings = _labels(readers)
    outline, outline_warnings = _outline(readers)
    warnings = (
        *readers.warnings,
        *_missing_text_warnings(pages, texts, () if request.recognised else scans),
        *label_warnings,
        *outline_warnings,
    )
    return Extracted(tuple(zip(pages, labels, strict=True)), outline, warnings, scans_of(scans))


def _nothing_to_read(name: str, texts: PageTexts) -> NoTextError | UnreadableFileError:
    count = len(texts.pages)
    pages = "its only page" if count == 1 else f"none of its {count:,} pages"
    if len(texts.failed) == count:
        can = "cannot be read" if count == 1 else "can be read"
        return UnreadableFileError(
            f"{name} is damaged ({pages} {can}): fetch the file again, or save it anew as PDF."
        )
    has = "has no text" if count == 1 else "has text"
    if len(texts.blank) == count:
        return NoTextError(f"{name} is blank: {pages} {has}, so there is nothing to ask about.")
    return NoTextError(
        f"{name} looks like a scan: {pages} {has}. {NOT_RECOGNISED}; or run OCR over it"
        " elsewhere and open the result."
    )


def _scans(pages: list[str], texts: PageTexts) -> list[int]:
    """Return the indexes of pages that show something and have no text, or garbage for text."""
    return [
        index
        for index, page in enumerate(pages)
        if is_garbage(page) or not (page.strip() or index in texts.failed or index in texts.blank)
    ]


def _missing_text_warnings(pages: list[str], texts: PageTexts, scans: Sequence[int]) -> list[str]:
    """Say which pages have no text; of `scans`, those that nobody will recognise."""
    empty = [index for index, page in enumerate(pages) if not page.strip()]
    failed = [index for index in empty if index in texts.failed]
    blank = [index for index in empty if index in texts.blank]
    return [
        *say.unreadable(failed, len(pages)),
        *say.no_text([index for index in scans if index in empty], blank, len(pages)),
        *say.garbled([index for index in scans if index not in empty], len(pages)),
    ]


def _labels(readers: Readers) -> tuple[list[str], list[str]]:
    """Return a label for each page, and warnings."""
    found = readers.pypdf.labels() if readers.pypdf else None
    if found is not None:
        return found, []
    numbers = [str(number) for number in range(1, readers.page_count + 1)]
    return numbers, [say.LABELS_BROKEN] if readers.pypdf else []


def _outline(readers: Readers) -> tuple[tuple[OutlineEntry, ...], list[str]]:
    """Return the bookmarks, and warnings."""
    if readers.pypdf is None:
        return (), []
    outline = readers.pypdf.outline()
    if outline.broken:
        return (), [say.OUTLINE_BROKEN]
    if outline.skipped:
        return outline.entries, [say.outline_skipped(outline.skipped, outline.skipped + len(outline.entries))]
    return outline.entries, []
