"""The browser app beside the API, from the package that adds one."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import entry_points
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.applications import Starlette

    from ..library import Library
    from .serving import Address
    from .state import Options

# The package's entry points of this name are found without being imported, which the app must not.
GROUP = "wholedoc.pages"


def pages_beside(
    library: Library, address: Address, options: Options, notify: Callable[[str], None]
) -> Starlette | None:
    """Return the browser app of a library, or None if what it needs is not installed, of which somebody is told."""
    for one in entry_points(group=GROUP):
        try:
            pages: Starlette = one.load()(
                library, address, key=options.key, upload_bytes=options.request_bytes, origins=options.origins
            )
        except ModuleNotFoundError as error:
            notify(
                f'{error.name} is missing, so there is only the API: pip install "wholedoc[ui]" for the browser app'
            )
        else:
            return pages
    return None
