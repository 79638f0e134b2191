"""`wholedoc mcp`: offers the library to other assistants as tools, over the Model Context Protocol."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click

from ..options import LIBRARY, MODEL, settings_from, shared


@click.command()
@click.option(
    "--http",
    "port",
    type=click.IntRange(1, 65535),
    metavar="PORT",
    help="Serve http://127.0.0.1:PORT/mcp, to this machine alone [default: standard input and output].",
)
@click.option(
    "--folder",
    "folders",
    multiple=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Let assistants add files from this folder and below alone, without leaving it by links (repeatable) "
    "[default: every file that you may read; with --http none].",
)
@click.option(
    "--web-pages",
    is_flag=True,
    help="Let assistants add web pages: one request each, to public addresses alone.",
)
@shared(*MODEL, LIBRARY)
def mcp(port: int | None, folders: tuple[Path, ...], web_pages: bool, **given: Any) -> None:
    """Offer the library to other assistants as tools (MCP)."""
    if find_spec("mcp") is None:
        raise click.UsageError('the extra mcp is not installed: pip install "wholedoc[mcp]"')
    from ...library import Library
    from ...mcp.tools import server_of
    from ...webpages import PageLimits
    from ..printing.progress import tell

    library = Library.open(settings=settings_from(given), notify=tell)
    allowed = folders or (None if port is None else ())
    server = server_of(library, allowed, PageLimits() if web_pages else None)
    if port is None:
        server.run("stdio")
    else:
        tell(f"listening on http://127.0.0.1:{port}/mcp")
        server.run("streamable-http", host="127.0.0.1", port=port)
