"""Opening a page of an untrusted PDF with pdfium."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pypdfium2
import pypdfium2.raw as pdfium_c

from ...errors import DocumentError, NoSuchPageError, PasswordError, UnreadableFileError
from ..extraction.filetype import HEAD_BYTES, detect
from ..extraction.pdf.opening import is_cut_off, with_new_trailer
from ..formats import FileKind


def open_document(path: Path, name: str, password: str | None) -> Any:
    """Open a PDF as pdfium's object. Raises `UnreadableFileError` and `PasswordError`."""
    return open_bytes(_read(path, name), name, password)


def load_page(document: Any, name: str, page: int) -> Any:
    """Return page `page`, counted from 1. Raises `UnreadableFileError` and `NoSuchPageError`."""
    count = len(document)
    if page > count:
        pages = "only 1 page" if count == 1 else f"only {count:,} pages"
        raise NoSuchPageError(f"{name} has {pages}, so there is no page {page:,}: ask for an earlier one.")
    try:
        return document[page - 1]
    except pypdfium2.PdfiumError as error:
        raise UnreadableFileError(
            f"Page {page:,} of {name} is damaged and cannot be shown: fetch the file again, or save it anew as PDF."
        ) from error


def _read(path: Path, name: str) -> bytes:
    try:
        if not path.is_file():  # a pipe would never end
            raise UnreadableFileError(f"{name} is not there, or is not a file: check the path.")
        data = path.read_bytes()
    except OSError as error:
        raise UnreadableFileError(
            f"{name} cannot be opened ({error.strerror}): check the path and your permission to read it."
        ) from error
    if detect(data[:HEAD_BYTES], path.suffix.lower(), name) is not FileKind.PDF:
        raise UnreadableFileError(f"{name} is not a PDF, so it has no pages to show: read its text instead.")
    return data


def open_bytes(data: bytes, name: str, password: str | None) -> Any:
    """Open the bytes of a PDF as `open_document` opens a file."""
    try:
        return _load(data, password)
    except pypdfium2.PdfiumError as error:
        repaired = with_new_trailer(data) if is_cut_off(data) else None
        if repaired is None:
            raise _refusal(error, name, password) from error
    try:
        return _load(repaired, password)
    except pypdfium2.PdfiumError as error:
        raise _refusal(error, name, password) from error


def _load(data: bytes, password: str | None) -> Any:
    try:
        return pypdfium2.PdfDocument(data, password=password)
    except pypdfium2.PdfiumError as error:
        if password is None or error.err_code != pdfium_c.FPDF_ERR_PASSWORD:
            raise
    return pypdfium2.PdfDocument(data)  # many files have only a password against changes, and open without any


def _refusal(error: Any, name: str, password: str | None) -> DocumentError:
    if error.err_code == pdfium_c.FPDF_ERR_PASSWORD:
        fault = "the password is wrong" if password else "no password was given"
        return PasswordError(f"{name} is encrypted and {fault}: give the password that opens it.")
    if error.err_code == pdfium_c.FPDF_ERR_SECURITY:
        return UnreadableFileError(
            f"{name} is encrypted in a way that cannot be read here: save it without encryption."
        )
    return UnreadableFileError(f"{name} is damaged ({error}): fetch the file again, or save it anew as PDF.")
