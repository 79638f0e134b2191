"""Reading the file at a path into a `Document`."""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import replace
from pathlib import Path

from ...errors import ExtractionLimitError, NoTextError, UnreadableFileError
from ..document import Document
from ..formats import FileKind
from ..recognition import RecognisedPage, Recognition
from ..recognition.child import recognise_in_child
from .child import extract_in_child
from .filetype import HEAD_BYTES, detect
from .limits import DEFAULT_LIMITS, ExtractionLimits
from .pages.clean import clean_line
from .pages.extracted import Extracted
from .pdf.page_warnings import recognition_warnings
from .web import WebSource
from .worker import Request


def read_document(
    path: Path,
    *,
    password: str | None = None,
    limits: ExtractionLimits = DEFAULT_LIMITS,
    recognition: Recognition | None = None,
    source: WebSource | None = None,
) -> Document:
    """Read a file of one of the `formats.FORMATS` in a limited child process.

    A PDF keeps its pages and their labels. Other formats have what they have for a page: a slide, a sheet, a
    chapter, what stands under a heading, each labelled so, and several pages of one that is much longer than 3000
    characters. A text has none of that: it is divided at form feeds, or into pages of about that length labelled
    "1", "2" and so on, so that a citation can point somewhere.
    `Document.warnings` tells what was unusual; nothing is left out silently.

    With `recognition`, the text of scanned pages and of pictures is recognised in another such process, which needs
    the extra `ocr`; without it they are named in a warning.

    `source` says that the file is a page that was fetched from the web. A warning tells where and when; of an HTML
    page the main text is read, which needs the extra `web`.

    Raises `UnreadableFileError`, `PasswordError`, `ExtractionLimitError` or `NoTextError`, each with one
    sentence for the person who named the file, and `Cancelled`.
    """
    name = clean_line(path.name) or "The file"
    before = _stat_document(path, name, limits)
    try:
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
            file.seek(0)
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise UnreadableFileError(_cannot_open(name, error)) from error
    kind = detect(head, path.suffix.lower(), name)
    if source is not None and kind is FileKind.HTML:
        kind = FileKind.WEB_PAGE
    limits = limits.for_size(before.st_size)
    wanted = recognition is not None
    reading = Request(str(path.absolute()), name, kind, password or None, limits, wanted)
    extracted = extract_in_child(reading)
    recognised: dict[int, RecognisedPage] = {}
    if recognition is not None and extracted.scans:
        recognised = recognise_in_child(reading, extracted.scans, recognition)
    if _fingerprint(_stat_document(path, name, limits)) != _fingerprint(before):
        raise UnreadableFileError(f"{name} changed while it was being read: try again.")
    if source is not None:
        extracted = replace(extracted, warnings=(source.note, *extracted.warnings))
    return _document(digest, name, extracted, recognised)


def _document(digest: str, name: str, extracted: Extracted, recognised: dict[int, RecognisedPage]) -> Document:
    """Put the pages together. What was recognised is better than garbage, unless nothing was."""
    found = {index: page for index, page in recognised.items() if page.text}
    pages = [
        (found[index].text if index in found else text, label)
        for index, (text, label) in enumerate(extracted.pages)
    ]
    if not any(text.strip() for text, _ in pages):
        why = next((f" {clean_line(page.failure)}" for page in recognised.values() if page.failure), "")
        raise NoTextError(f"{name} has no text, and none could be recognised on its pictures.{why}")
    warnings = (*recognition_warnings(recognised, len(pages)), *extracted.warnings)
    document = Document.from_pages(digest, name, pages, extracted.outline, warnings)
    marked = [
        replace(page, confidence=found[index].confidence, lines=found[index].lines) if index in found else page
        for index, page in enumerate(document.pages)
    ]
    return replace(document, pages=tuple(marked))


def _stat_document(path: Path, name: str, limits: ExtractionLimits) -> os.stat_result:
    try:
        found = path.stat()
    except FileNotFoundError as error:
        raise UnreadableFileError(f"{name} does not exist: check the path.") from error
    except (OSError, ValueError) as error:
        raise UnreadableFileError(_cannot_open(name, error)) from error
    if stat.S_ISDIR(found.st_mode):
        raise UnreadableFileError(f"{name} is a directory: name a file in it.")
    if not stat.S_ISREG(found.st_mode):
        raise UnreadableFileError(f"{name} is not a regular file: copy its content to a file first.")
    if found.st_size == 0:
        raise UnreadableFileError(f"{name} is empty (0 bytes): fetch the file again.")
    if found.st_size > limits.file_bytes:
        raise ExtractionLimitError(
            f"{name} is {found.st_size:,} bytes long, more than the limit of {limits.file_bytes:,}:"
            " split it into smaller files."
        )
    return found


def _cannot_open(name: str, error: OSError | ValueError) -> str:
    reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
    return f"{name} cannot be opened ({reason}): check the path and your permission to read it."


def _fingerprint(found: os.stat_result) -> tuple[int, int, int]:
    return found.st_ino, found.st_size, found.st_mtime_ns
