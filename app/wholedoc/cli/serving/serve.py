"""`wholedoc serve`: serves the library over HTTP to OpenAI's clients, with the browser app beside it."""

from __future__ import annotations

import signal
import sys
import time
from typing import Any

import click

from ..options import ANSWER, LIBRARY, MODEL, settings_from, shared
from ..printing.terminal import say
from .server_options import ACCESS, ADDRESS, LIMITS, LOGIN, server_options


@click.command()
@shared(*ADDRESS, *ACCESS, *LIMITS)
@click.option("--no-ui", is_flag=True, help="Only the API, without the browser app.")
@shared(*ANSWER, *MODEL, LIBRARY)
def serve(host: str, port: int, no_ui: bool, **given: Any) -> None:
    """Serve the library to programs as OpenAI's API, and the browser app on the same port."""
    started = time.perf_counter()
    try:
        from ...server.app import create_app
        from ...server.pages import pages_beside
        from ...server.serving import Address, serve
    except ModuleNotFoundError as error:
        raise click.UsageError(f'{error.name} is missing: pip install "wholedoc[server]"') from error
    from parallelcomp import ChunkScoring

    from ...library import Library
    from ...runtime import tracing
    from ..printing.progress import tell

    tracing.export("wholedoc", tell)
    address = Address(host, port)
    options = server_options(given, address)
    library = Library.open(settings=settings_from(given), notify=tell)
    if library.settings.scoring is ChunkScoring.SCAN:
        library.heads.find_in_background()
    # The browser app knows one user, who sees everything.
    pages = None if no_ui or options.has_users else pages_beside(library, address, options, tell)

    def ready() -> None:
        seconds = time.perf_counter() - started
        say(f"the API is at {address.url}/v1 ({seconds:.0f} s); Ctrl-C stops it")
        if options.has_users and not no_ui:
            say("there is no browser app with users: it would show everybody's documents to each")
        if pages is not None:
            say(f"the browser app is at {address.url}{LOGIN if options.key else ''}")

    # SIGTERM cleans up as Ctrl-C does.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    serve(create_app(library, options, pages), address, ready)
