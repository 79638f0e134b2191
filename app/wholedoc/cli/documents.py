"""Finds the documents that arguments name: files are parsed, anything else is the id of a known document."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..documents.document import Document

if TYPE_CHECKING:
    from ..library import Library
    from ..reading.corpus import ReadDocument


def resolve(library: Library, name: str, password: str | None) -> Document:
    """Returns the document of a file name or of an id. Raises DocumentError and UnknownDocumentError."""
    path = Path(name)
    if path.exists() or path.suffix or "/" in name:
        return library.parse(path, password)
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
