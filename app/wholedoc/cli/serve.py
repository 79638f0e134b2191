"""`wholedoc serve`: serves the library over HTTP to OpenAI's clients, with the browser app beside it."""

from __future__ import annotations

import signal
import sys
import time
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

import click

from .options import ANSWER, LIBRARY, MODEL, settings_from, shared
from .printing.terminal import say

if TYPE_CHECKING:
    from starlette.applications import Starlette

    from ..library import Library
    from ..server.serving import Address
    from ..server.state import Options


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535), help="Port to listen on.")
@click.option(
    "--key",
    envvar="WHOLEDOC_KEY",
    show_envvar=True,
    help="Key that every client must send (better not on the command line, where other users can see it).",
)
@click.option("--no-key", is_flag=True, help="Let everyone in who can reach a host that is not this machine alone.")
@click.option(
    "--queue-limit",
    default=64,
    show_default=True,
    type=click.IntRange(0),
    help="Requests that may wait; more get 429.",
)
@click.option(
    "--request-limit",
    default=200,
    show_default=True,
    type=click.FloatRange(0, min_open=True),
    metavar="MB",
    help="Largest upload, and so the largest file.",
)
@click.option(
    "--json-limit",
    default=16,
    show_default=True,
    type=click.FloatRange(0, min_open=True),
    metavar="MB",
    help="Largest other request, and so the longest text in one; it may take 14 times as much memory.",
)
@click.option(
    "--allow-origin",
    "origins",
    multiple=True,
    metavar="ORIGIN",
    help="Let web pages of this origin use the server, as https://chat.example (repeatable; * is all).",
)
@click.option("--no-ui", is_flag=True, help="Only the API, without the browser app.")
@shared(*ANSWER, *MODEL, LIBRARY)
def serve(
    host: str,
    port: int,
    key: str | None,
    no_key: bool,
    queue_limit: int,
    request_limit: float,
    json_limit: float,
    origins: tuple[str, ...],
    no_ui: bool,
    **given: Any,
) -> None:
    """Serve the library to programs as OpenAI's API, and the browser app on the same port."""
    started = time.perf_counter()
    try:
        from ..server.app import create_app
        from ..server.serving import Address, serve
        from ..server.state import Options
    except ModuleNotFoundError as error:
        raise click.UsageError(f'{error.name} is missing: pip install "wholedoc[server]"') from error
    from parallelcomp import ChunkScoring

    from ..library import Library
    from .printing.progress import tell

    address = Address(host, port)
    if not address.is_loopback and not key and not no_key:
        raise click.UsageError(
            f"{host} lets other machines in, and whoever connects can ask and delete all documents: add --key KEY, "
            "or --no-key if that is what you want"
        )
    library = Library.open(settings=settings_from(given), notify=tell)
    if library.settings.scoring is ChunkScoring.SCAN:
        library.heads.find_in_background()
    sizes = int(request_limit * 1e6), int(json_limit * 1e6)
    options = Options(key or None, queue_limit, *sizes, origins, address.hosts)
    pages = None if no_ui else _pages(library, address, options)

    def ready() -> None:
        seconds = time.perf_counter() - started
        say(f"the API is at {address.url}/v1 ({seconds:.0f} s); Ctrl-C stops it")
        if pages is not None:
            login = "; its user is wholedoc, its password the key" if key else ""
            say(f"the browser app is at {address.url}{login}")

    # SIGTERM cleans up as Ctrl-C does.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    serve(create_app(library, options, pages), address, ready)


def _pages(library: Library, address: Address, options: Options) -> Starlette | None:
    """Returns the browser app from the package that adds one, or None if its requirements are not installed."""
    from .printing.progress import tell

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
