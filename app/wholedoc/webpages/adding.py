"""A web page becomes a document of the library, with its address and the day on which it was fetched."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ..documents.document import Document
from ..documents.extraction import WebSource
from ..documents.formats import kind_of_suffix, suffix_of_media_type
from ..errors import storage_error
from ..storage.shelf import Shelf
from .limits import PageLimits

if TYPE_CHECKING:
    from .fetching import FetchedPage

_NOT_IN_A_NAME = re.compile(r"[^\w.-]+")
_LONGEST_NAME = 100


def is_address(name: str) -> bool:
    """Return whether a person means a web page by a name, and no file."""
    return name.lower().startswith(("http://", "https://"))


def add_page(shelf: Shelf, address: str, limits: PageLimits | None = None) -> Document:
    """Fetch a page and keep it as a document. Its text is read in the limited child process, as a file's is.

    Of an HTML page the main text is kept, without menus and what else surrounds it; the document's warnings say so,
    with the address and the date. Raises PageError, DocumentError and LibraryError.
    """
    from .fetching import checked, fetch

    asked = str(checked(address))
    page = fetch(asked, limits or PageLimits())
    day = datetime.now(UTC).strftime("%Y-%m-%d")
    try:
        with shelf.folder.incoming.private() as folder:
            path = folder / _name(page)
            path.write_bytes(page.data)
            return shelf.parse(path, source=WebSource(asked, page.address, day))
    except OSError as error:
        raise storage_error(shelf.folder.path, error) from error


def _name(page: FetchedPage) -> str:
    """Return a name for the page's file, by its address; its suffix is that of what it is."""
    from .fetching import checked

    url = checked(page.address)
    name = _NOT_IN_A_NAME.sub("-", f"{url.host}{url.path}").strip("-.")[:_LONGEST_NAME]
    suffix = suffix_of_media_type(page.media_type)
    if suffix and not name.lower().endswith(suffix):
        return name + suffix
    known = kind_of_suffix("." + name.rpartition(".")[2].lower())
    return name if suffix or known else f"{name}.html"
