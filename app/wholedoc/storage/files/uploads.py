"""Files that arrive as bytes from programs. They are parsed and kept like any other file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ...documents.formats import suffix_of_media_type
from ...errors import storage_error

if TYPE_CHECKING:
    from ...documents.document import Document
    from ..shelf import Shelf

LONGEST_NAME = 120


def parse_bytes(
    shelf: Shelf, data: bytes, name: str, media_type: str | None = None, password: str | None = None
) -> Document:
    """Parse a file's content and put it on the shelf, under its name without any folder.

    Raises DocumentError and LibraryError.
    """
    with incoming_file(shelf, name, media_type) as path:
        path.write_bytes(data)
        return shelf.parse(path, password)


@contextmanager
def incoming_file(shelf: Shelf, name: str, media_type: str | None = None) -> Iterator[Path]:
    """Give the path for a file that is about to arrive, in a private folder that goes after the block.

    Raises LibraryError for an OSError inside the block.
    """
    incoming = shelf.folder.incoming
    try:
        with incoming.private() as private:
            yield private / safe_name(name, media_type)
    except OSError as error:
        raise storage_error(incoming.folder, error) from error


def safe_name(name: str, media_type: str | None = None) -> str:
    """Return a file name that leads to no other folder, with an ending where the media type says which."""
    last = name.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]
    printable = "".join(sign for sign in last if sign.isprintable()).strip().lstrip(".") or "document"
    stem, dot, ending = printable.rpartition(".")
    if not stem or len(ending) > 8:
        stem, dot, ending = printable, "", ""
    known = f"{dot}{ending}" or suffix_of_media_type(media_type)
    kept = stem.encode()[: LONGEST_NAME - len(known.encode())].decode(errors="ignore")
    return f"{kept}{known}"
