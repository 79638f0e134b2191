"""`wholedoc add`: reads documents into the library."""

from __future__ import annotations

import time
from typing import Any

import click

from .options import JSON, LIBRARY, MODEL, PASSWORD, settings_from, shared
from .printing.terminal import say, say_json


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@shared(PASSWORD, JSON, *MODEL, LIBRARY)
def add(files: tuple[str, ...], password: str | None, as_json: bool, **given: Any) -> None:
    """Read documents into the library, once and for all questions."""
    from ..library import Library
    from .documents import describe, resolve
    from .printing.progress import bars, tell

    started = time.perf_counter()
    library = Library.open(settings=settings_from(given), notify=tell)
    documents = [resolve(library, name, password) for name in files]
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
