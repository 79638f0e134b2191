"""Opening a PDF with both readers, and settling how many pages it has."""

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
    """`use_pdfium` is off for a second try, after a file has crashed pdfium."""

    data: bytes
    name: str
    password: str | None
    limits: ExtractionLimits
    use_pdfium: bool = True


@dataclass(frozen=True)
class Readers:
    """The readers that see all `page_count` pages: at least one is there."""

    pypdf: PypdfReader | None
    pdfium: PdfiumReader | None
    page_count: int
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class _Opened:
    pypdf: PypdfReader | Refusal
    pdfium: PdfiumReader | Refusal

    @property
    def refusal(self) -> Refusal | None:
        """Why neither could open the file: a missing password says more than presumed damage."""
        refusals = [reader for reader in (self.pypdf, self.pdfium) if isinstance(reader, Refusal)]
        return min(refusals, key=lambda refusal: refusal.obstacle.value) if len(refusals) == 2 else None


def open_readers(request: PdfRequest) -> Readers:
    """Raises `PasswordError`, `ExtractionLimitError` and `UnreadableFileError`."""
    cut_off = is_cut_off(request.data)
    opened = _open(request.data, request)
    if cut_off and opened.refusal and opened.refusal.obstacle is Obstacle.DAMAGE:
        repaired = with_new_trailer(request.data)
        opened = opened if repaired is None else _open(repaired, request)
    if opened.refusal:
        raise _error(opened.refusal, request, cut_off)
    readers = _settle(opened, request)
    _check_page_count(readers.page_count, request)
    warnings = (*([say.CUT_OFF] if cut_off else []), *readers.warnings)
    return Readers(readers.pypdf, readers.pdfium, readers.page_count, warnings)


def _open(data: bytes, request: PdfRequest) -> _Opened:
    by_pypdf = PypdfReader.open(data, request.password)
    if not request.use_pdfium:
        return _Opened(by_pypdf, Refusal(Obstacle.DAMAGE, "pdfium crashed"))
    password = by_pypdf.password if isinstance(by_pypdf, PypdfReader) else request.password
    return _Opened(by_pypdf, PdfiumReader.open(data, password))


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
    """Keep the readers that see the most pages."""
    pypdf = opened.pypdf if isinstance(opened.pypdf, PypdfReader) else None
    pdfium = opened.pdfium if isinstance(opened.pdfium, PdfiumReader) else None
    if pypdf is None and pdfium is not None:
        return Readers(None, pdfium, _proved_page_count(pdfium, request), (say.ONLY_PDFIUM,))
    assert pypdf is not None
    count = pypdf.page_count
    declared = pypdf.declared_page_count
    if pdfium is None:
        warnings = [say.ONLY_PYPDF if request.use_pdfium else say.PDFIUM_CRASHED]
    elif pdfium.page_count == count or (pdfium.page_count > count and not pdfium.has_page(count)):
        # pdfium repeats the count that the file declares; pages that do not load are not there.
        warnings = []
    elif pdfium.page_count > count and pdfium.has_page(pdfium.page_count - 1):
        return Readers(None, pdfium, pdfium.page_count, (say.counts_differ(pdfium.page_count, count),))
    else:
        warnings = [say.counts_differ(pdfium.page_count, count)]
        pdfium = None
    if declared is not None and declared > count:
        warnings.append(say.pages_missing(declared, count))
    return Readers(pypdf, pdfium, count, tuple(warnings))


def _proved_page_count(pdfium: PdfiumReader, request: PdfRequest) -> int:
    count = pdfium.page_count
    if count > request.limits.pages and not pdfium.has_page(count - 1):
        raise UnreadableFileError(
            f"{request.name} is damaged (it declares {count:,} pages that are not there):"
            " fetch the file again, or save it anew as PDF."
        )
    return count


def _check_page_count(count: int, request: PdfRequest) -> None:
    if count == 0:
        raise UnreadableFileError(f"{request.name} has no pages: fetch the file again, or save it anew as PDF.")
    if count > request.limits.pages:
        raise ExtractionLimitError(
            f"{request.name} has {count:,} pages, more than the limit of {request.limits.pages:,}:"
            " split it into smaller files."
        )
