"""Opening a PDF: with pdfium for its text, and with pypdf for its page labels and its outline."""

from __future__ import annotations

from dataclasses import dataclass

from ....errors import DocumentError, ExtractionLimitError, PasswordError, UnreadableFileError
from ..limits import ExtractionLimits
from . import page_warnings as say
from .opening import Obstacle, Refusal, is_cut_off, with_new_trailer
from .with_pdfium import PdfiumReader
from .with_pypdf import PypdfReader


@dataclass(frozen=True)
class PdfRequest:
    """The bytes of a PDF, its name for messages, its password if one was given, and the limits on reading it.

    `recognised` says that scanned pages will be recognised, so that a file of nothing else is no error.
    """

    data: bytes
    name: str
    password: str | None
    limits: ExtractionLimits
    recognised: bool = False


@dataclass(frozen=True)
class Readers:
    """An open PDF of `page_count` pages. `pypdf` is None where it cannot open the file or finds other pages."""

    pdfium: PdfiumReader
    pypdf: PypdfReader | None
    page_count: int
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class _Opened:
    pdfium: PdfiumReader | Refusal
    pypdf: PypdfReader | Refusal

    @property
    def refusal(self) -> Refusal | None:
        """Why the text cannot be read. A missing password, whoever misses it, says more than presumed damage."""
        if isinstance(self.pdfium, PdfiumReader):
            return None
        refusals = [reader for reader in (self.pdfium, self.pypdf) if isinstance(reader, Refusal)]
        return min(refusals, key=lambda refusal: refusal.obstacle.value)


def open_readers(request: PdfRequest) -> Readers:
    """Open a PDF, and repair it first if its end is missing.

    Raises `PasswordError`, `ExtractionLimitError` and `UnreadableFileError`.
    """
    cut_off = is_cut_off(request.data)
    opened = _open(request.data, request.password)
    if cut_off and opened.refusal and opened.refusal.obstacle is Obstacle.DAMAGE:
        repaired = with_new_trailer(request.data)
        opened = opened if repaired is None else _open(repaired, request.password)
    if opened.refusal and isinstance(opened.pypdf, PypdfReader) and opened.pypdf.page_count == 0:
        raise _no_pages(request.name)
    if opened.refusal:
        raise _error(opened.refusal, request, cut_off)
    readers = _settle(opened, request)
    _check_page_count(readers.page_count, request)
    warnings = (*([say.CUT_OFF] if cut_off else []), *readers.warnings)
    return Readers(readers.pdfium, readers.pypdf, readers.page_count, warnings)


def _open(data: bytes, password: str | None) -> _Opened:
    by_pypdf = PypdfReader.open(data, password)
    # pypdf knows whether the password is needed at all.
    needed = by_pypdf.password if isinstance(by_pypdf, PypdfReader) else password
    return _Opened(PdfiumReader.open(data, needed), by_pypdf)


def _error(refusal: Refusal, request: PdfRequest, cut_off: bool) -> DocumentError:
    name = request.name
    match refusal.obstacle:
        case Obstacle.PASSWORD if request.password:
            return PasswordError(f"{name} is encrypted and the password is wrong: check it and try again.")
        case Obstacle.PASSWORD:
            return PasswordError(f"{name} is encrypted: give its password with --password.")
        case Obstacle.ENCRYPTION:
            return UnreadableFileError(
                f"{name} is encrypted in a way that cannot be read here ({refusal.detail}):"
                " save it without encryption."
            )
        case Obstacle.DAMAGE:
            state = "is cut off and nothing in it can be recovered" if cut_off else "is damaged"
            return UnreadableFileError(
                f"{name} {state} ({refusal.detail}): fetch the file again, or save it anew as PDF."
            )


def _settle(opened: _Opened, request: PdfRequest) -> Readers:
    """Settle the number of pages: pdfium says what the file declares, and pypdf counts the pages that are there."""
    pdfium, pypdf = opened.pdfium, opened.pypdf
    assert isinstance(pdfium, PdfiumReader)
    if not isinstance(pypdf, PypdfReader):
        return Readers(pdfium, None, _proved_page_count(pdfium, request), (say.NO_STRUCTURE,))
    count = pypdf.page_count
    if pdfium.page_count < count or (pdfium.page_count > count and pdfium.has_page(count)):
        warning = say.counts_differ(pdfium.page_count, count)
        return Readers(pdfium, None, _proved_page_count(pdfium, request), (warning,))
    declared = pypdf.declared_page_count
    missing = [say.pages_missing(declared, count)] if declared is not None and declared > count else []
    return Readers(pdfium, pypdf, count, tuple(missing))


def _proved_page_count(pdfium: PdfiumReader, request: PdfRequest) -> int:
    count = pdfium.page_count
    if count > request.limits.pages and not pdfium.has_page(count - 1):
        raise UnreadableFileError(
            f"{request.name} is damaged (it declares {count:,} pages that are not there):"
            " fetch the file again, or save it anew as PDF."
        )
    return count


def _no_pages(name: str) -> UnreadableFileError:
    return UnreadableFileError(f"{name} has no pages: fetch the file again, or save it anew as PDF.")


def _check_page_count(count: int, request: PdfRequest) -> None:
    if count == 0:
        raise _no_pages(request.name)
    if count > request.limits.pages:
        raise ExtractionLimitError(
            f"{request.name} has {count:,} pages, more than the limit of {request.limits.pages:,}:"
            " split it into smaller files."
        )
