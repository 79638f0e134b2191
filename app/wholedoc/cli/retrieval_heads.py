"""`wholedoc retrieval-heads`: finds which attention heads of a model show where a question looks."""

from __future__ import annotations

from typing import Any

import click

from .options import JSON, MODEL, settings_from, shared
from .printing.terminal import say, say_json


@click.command("retrieval-heads")
@shared(JSON, *MODEL)
def find_retrieval_heads(as_json: bool, **given: Any) -> None:
    """Find a model's retrieval heads, by which questions scan a document. The catalogue's models come with theirs.

    `wholedoc serve` and `wholedoc ui` find those of any other model by themselves, in the background.
    """
    from ..library import Library
    from .printing.progress import bars, tell

    library = Library.open(settings=settings_from(given), notify=tell)
    finding = library.heads.finding()
    with bars() as shown:
        while True:
            try:
                shown.show_share("reading the sample", next(finding))
            except StopIteration as stop:
                found = stop.value
                break
    heads = [(one.layer, one.head) for one in found.heads]
    if as_json:
        say_json({"file": str(library.heads.file), "fingerprint": found.fingerprint, "heads": heads})
        return
    say(f"layers and heads, the best first: {' '.join(f'{layer}/{head}' for layer, head in heads)}")
    say(f"written to {library.heads.file}")
