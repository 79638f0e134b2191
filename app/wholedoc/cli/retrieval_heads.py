"""`wholedoc retrieval-heads`: finds which attention heads of a model show where a question looks."""

from __future__ import annotations

import json
from typing import Any

import click

from .options import JSON, MODEL, settings_from, shared


@click.command("retrieval-heads")
@shared(JSON, *MODEL)
def find_retrieval_heads(as_json: bool, **given: Any) -> None:
    """Find a model's retrieval heads, for `ask --scoring scan`. The catalogue's models come with theirs.

    `wholedoc serve` and `wholedoc ui` find those of any other model by themselves, in the background.
    """
    from ..library import Library
    from .progress import tell

    library = Library.open(settings=settings_from(given), notify=tell)
    finding = library.finding_heads()
    while True:
        try:
            next(finding)
        except StopIteration as stop:
            found = stop.value
            break
    heads = [(one.layer, one.head) for one in found.heads]
    if as_json:
        click.echo(json.dumps({"file": str(library.heads_file), "fingerprint": found.fingerprint, "heads": heads}))
        return
    click.echo(f"layers and heads, the best first: {' '.join(f'{layer}/{head}' for layer, head in heads)}")
    click.echo(f"written to {library.heads_file}")
