"""`wholedoc add`: reads documents into the library."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import click

from .options import JSON, LIBRARY, MODEL, PASSWORD, settings_from, shared
from .printing.terminal import say, say_json

if TYPE_CHECKING:
    from ..documents.document import Document
    from ..library import Library


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE_OR_ADDRESS...")
@click.option(
    "--private-pages",
    is_flag=True,
    help="Fetch pages also from addresses of this machine and of the network that it is in.",
)
@shared(PASSWORD, JSON, *MODEL, LIBRARY)
def add(files: tuple[str, ...], private_pages: bool, password: str | None, as_json: bool, **given: Any) -> None:
    """Read documents into the library, once and for all questions.

    The address of a web page (https://...) is fetched, with one request and nothing that the page asks for; its
    main text is kept with the address and the date.
    """
    from ..library import Library
    from ..webpages import is_address
    from .documents import describe, resolve
    from .printing.progress import bars, tell

    started = time.perf_counter()
    library = Library.open(settings=settings_from(given), notify=tell)
    documents = [
        _fetched(library, name, private_pages) if is_address(name) else resolve(library, name, password)
        for name in files
    ]
    parsed = time.perf_counter()
    for document in documents:
        for warning in document.warnings:
            tell(f"{document.name}: {warning}")
    _ = library.engine
    loaded = time.perf_counter()
    with bars() as shown:
        read = [shown.follow(library.read(document)) for document in documents]
    done = time.perf_counter()
    if as_json:
        timings = {"load_s": loaded - parsed, "parse_s": parsed - started, "read_s": done - loaded}
        say_json({"documents": [describe(one) for one in read], "timings": timings})
        return
    for one in read:
        document = one.tokenized.document
        cached = " (was in the library)" if one.cached_tokens == len(one.tokenized) else ""
        pages = f"{len(document.pages)} page{'s' if len(document.pages) != 1 else ''}"
        say(f"{document.id[:12]}  {document.name}: {pages}, {len(one.tokenized):,} tokens{cached}")


def _fetched(library: Library, address: str, private: bool) -> Document:
    from ..webpages import PageLimits, add_page

    return add_page(library, address, PageLimits(private=private))
