"""`wholedoc list` and `wholedoc remove`: what the library holds."""

from __future__ import annotations

import json

import click

from .options import JSON


@click.command("list")
@JSON
def list_documents(as_json: bool) -> None:
    """Show the documents of the library."""
    from ..catalog import Catalog
    from ..home import home

    catalog = Catalog(home() / "documents")
    documents = [document for id in catalog.ids() if (document := catalog.get(id)) is not None]
    if as_json:
        rows = [{"id": one.id, "name": one.name, "pages": len(one.pages)} for one in documents]
        click.echo(json.dumps({"documents": rows}, ensure_ascii=False))
        return
    for one in documents:
        click.echo(f"{one.id[:12]}  {one.name}: {len(one.pages)} pages")
    if not documents:
        click.echo("the library is empty; `wholedoc add FILE` puts a document in")


@click.command()
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
def remove(ids: tuple[str, ...]) -> None:
    """Remove documents from the library."""
    from ..library import Library

    library = Library.open()
    for id in ids:
        click.echo(f"removed {library.remove(id).name}")
