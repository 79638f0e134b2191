"""`wholedoc ui`: the browser app."""

from __future__ import annotations

import signal
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from wholedoc.cli.options import ANSWER, LIBRARY, MODEL, settings_from, shared

if TYPE_CHECKING:
    from fastapi import FastAPI

    from ..app_state import AppState


@click.command()
@click.argument(
    "files", nargs=-1, metavar="[FILE]...", type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=7860, show_default=True, type=click.IntRange(1, 65535), help="Port to listen on.")
@click.option("--auth", metavar="USER:PASSWORD", help="Ask for this name and password.")
@click.option(
    "--no-auth", is_flag=True, help="Let everyone in who can reach a host that is not this machine alone."
)
@click.option(
    "--upload-limit",
    default=500,
    show_default=True,
    type=click.FloatRange(0, min_open=True),
    metavar="MB",
    help="Largest file that can be dropped.",
)
@click.option(
    "--allow-origin",
    "origins",
    multiple=True,
    metavar="ORIGIN",
    help="Let web pages of this origin use the app, as https://docs.example (repeatable).",
)
@shared(*ANSWER, *MODEL, LIBRARY)
def ui(
    files: tuple[Path, ...],
    host: str,
    port: int,
    auth: str | None,
    no_auth: bool,
    upload_limit: float,
    origins: tuple[str, ...],
    **given: Any,
) -> None:
    """Start the browser app, with FILEs on its shelf."""
    started = time.perf_counter()
    click.echo("starting…", err=True)
    missing = [name for name in ("gradio", "fastapi", "uvicorn") if find_spec(name) is None]
    if missing:
        raise click.UsageError(f'{missing[0]} is missing: pip install "wholedoc[ui]"')
    settings = settings_from(given)
    from .server import Address, create_app, serve
    from .starting import StartingApp

    address = Address(host, port, _name_and_password(auth))
    if not address.is_loopback and address.auth is None and not no_auth:
        raise click.UsageError(
            f"{host} lets other machines in, and whoever connects sees all documents: add --auth USER:PASSWORD, "
            "or --no-auth if that is what you want"
        )
    opened: list[AppState] = []

    def make() -> FastAPI:
        from ..app_state import AppState  # with all that it imports, which takes seconds

        opened.append(AppState(settings))
        # Whoever chooses a folder reads what is in it, so only who sits at this machine does.
        opened[0].folders.allowed = address.is_loopback
        return create_app(opened[0], address, int(upload_limit * 1e6), origins)

    def ready() -> None:
        click.echo(f"wholedoc is at {address.url} ({time.perf_counter() - started:.0f} s); Ctrl-C stops it")
        opened[0].start(files)

    app = StartingApp(make, ready)
    # SIGTERM cleans up as Ctrl-C does.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        serve(app, address, lambda: None)
    except KeyboardInterrupt:
        if app.error is not None:
            raise app.error from None
        raise
    finally:
        for app_state in opened:
            app_state.close()


def _name_and_password(auth: str | None) -> tuple[str, str] | None:
    if auth is None:
        return None
    name, _, password = auth.partition(":")
    if not name or not password:
        raise click.UsageError("--auth takes a name and a password with a colon between them")
    return name, password
