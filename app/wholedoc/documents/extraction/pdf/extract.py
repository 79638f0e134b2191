"""A whole PDF: pdfium's text, with the labels and the outline that pypdf finds."""

from __future__ import annotations

from ....errors import NoTextError, UnreadableFileError
from ...document import OutlineEntry
from ..clean import clean_pdf_text, is_garbled
from ..extracted import Extracted
from ..hyphens import join_divided_words
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
    if not any(page.strip() for page in pages):
        raise _nothing_to_read(request.name, texts)
    labels, label_warnings = _labels(readers)
    outline, outline_warnings = _outline(readers)
    warnings = (
        *readers.warnings,
        *_missing_text_warnings(pages, texts),
        *label_warnings,
        *outline_warnings,
    )
    return Extracted(tuple(zip(pages, labels, strict=True)), outline, warnings)


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
        f"{name} looks like a scan: {pages} {has}, so run OCR first,"
        " for example `ocrmypdf in.pdf out.pdf`, and open the result."
    )


def _missing_text_warnings(pages: list[str], texts: PageTexts) -> list[str]:
    empty = [index for index, page in enumerate(pages) if not page.strip()]
    failed = [index for index in empty if index in texts.failed]
    blank = [index for index in empty if index in texts.blank]
    scans = [index for index in empty if index not in texts.failed and index not in texts.blank]
    garbled = [index for index, page in enumerate(pages) if is_garbled(page)]
    return [
        *say.unreadable(failed, len(pages)),
        *say.no_text(scans, blank, len(pages)),
        *say.garbled(garbled, len(pages)),
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
