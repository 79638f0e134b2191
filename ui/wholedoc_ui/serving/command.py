"""`wholedoc ui`: the browser app."""

from __future__ import annotations

import signal
import sys
import time
from pathlib import Path
from typing import Any

import click

from wholedoc.cli.options import ANSWER, LIBRARY, MODEL, settings_from, shared


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
    try:
        import gradio  # noqa: F401 - imported only to report early that it is missing

        from .server import Address, create_app, serve
    except ModuleNotFoundError as error:
        raise click.UsageError(f'{error.name} is missing: pip install "wholedoc[ui]"') from error
    from ..app_state import AppState

    address = Address(host, port, _name_and_password(auth))
    if not address.is_loopback and address.auth is None and not no_auth:
        raise click.UsageError(
            f"{host} lets other machines in, and whoever connects sees all documents: add --auth USER:PASSWORD, "
            "or --no-auth if that is what you want"
        )
    app_state = AppState(settings_from(given))

    def ready() -> None:
        click.echo(f"wholedoc is at {address.url} ({time.perf_counter() - started:.0f} s); Ctrl-C stops it")
        app_state.start(files)

    # SIGTERM cleans up as Ctrl-C does.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        serve(create_app(app_state, address, int(upload_limit * 1e6), origins), address, ready)
    finally:
        app_state.close()


def _name_and_password(auth: str | None) -> tuple[str, str] | None:
    if auth is None:
        return None
    name, _, password = auth.partition(":")
    if not name or not password:
        raise click.UsageError("--auth takes a name and a password with a colon between them")
    return name, password
