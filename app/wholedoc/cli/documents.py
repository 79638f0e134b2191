"""Finds the documents that arguments name: files are parsed, anything else is the id of a known document."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ..documents.document import Document
from ..documents.recognition import Recognition, is_installed
from ..errors import UnknownDocumentError
from ..webpages import is_address
from .printing.progress import bars

if TYPE_CHECKING:
    from ..library import Library
    from ..reading.corpus import ReadDocument


def resolve(library: Library, name: str, password: str | None) -> Document:
    """Returns the document of a file name or of an id. Scanned pages are recognised, and a bar shows how far.

    Raises DocumentError and UnknownDocumentError.
    """
    if is_address(name):
        raise UnknownDocumentError(f"{name} is the address of a page: `wholedoc add` fetches it, and says its id")
    path = Path(name)
    if path.exists() or path.suffix or "/" in name:
        if not is_installed():
            return library.parse(path, password)
        with bars() as shown:
            return library.parse(path, password, Recognition(partial(shown.show_recognised, path.name)))
    return library.document(name)


def describe(read: ReadDocument) -> dict[str, object]:
    """Returns what `--json` says about a document that was read."""
    document = read.tokenized.document
    return {
        "id": document.id,
        "name": document.name,
        "pages": len(document.pages),
        "tokens": len(read.tokenized),
        "chunks": len(read.chunks),
        "pages_without_text": len(document.pages_without_text),
        "warnings": list(document.warnings),
    }
