"""`wholedoc serve`: serves the library over HTTP to OpenAI's clients, with the browser app beside it."""

from __future__ import annotations

import signal
import sys
import time
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

import click

from ..options import ANSWER, LIBRARY, MODEL, settings_from, shared
from ..printing.terminal import say
from .server_options import ACCESS, ADDRESS, LIMITS, server_options

if TYPE_CHECKING:
    from starlette.applications import Starlette

    from ...library import Library
    from ...server.serving import Address
    from ...server.state import Options


@click.command()
@shared(*ADDRESS, *ACCESS, *LIMITS)
@click.option("--no-ui", is_flag=True, help="Only the API, without the browser app.")
@shared(*ANSWER, *MODEL, LIBRARY)
def serve(host: str, port: int, no_ui: bool, **given: Any) -> None:
    """Serve the library to programs as OpenAI's API, and the browser app on the same port."""
    started = time.perf_counter()
    try:
        from ...server.app import create_app
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
    pages = None if no_ui or options.has_users else _pages(library, address, options)

    def ready() -> None:
        seconds = time.perf_counter() - started
        say(f"the API is at {address.url}/v1 ({seconds:.0f} s); Ctrl-C stops it")
        if options.has_users and not no_ui:
            say("there is no browser app with users: it would show everybody's documents to each")
        if pages is not None:
            login = "; its user is wholedoc, its password the key" if options.key else ""
            say(f"the browser app is at {address.url}{login}")

    # SIGTERM cleans up as Ctrl-C does.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    serve(create_app(library, options, pages), address, ready)


def _pages(library: Library, address: Address, options: Options) -> Starlette | None:
    """Returns the browser app from the package that adds one, or None if its requirements are not installed."""
    from ..printing.progress import tell

    for one in entry_points(group="wholedoc.pages"):
        try:
            pages: Starlette = one.load()(
                library,
                address,
                key=options.key,
                upload_bytes=options.request_bytes,
                origins=options.origins,
            )
        except ModuleNotFoundError as error:
            tell(
                f'{error.name} is missing, so there is only the API: pip install "wholedoc[ui]" for the browser app'
            )
        else:
            return pages
    return None
