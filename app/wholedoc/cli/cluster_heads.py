"""`wholedoc cluster-heads`: finds which attention heads of a model attend alike."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from .options import JSON, MODEL, PASSWORD, settings_from, shared
from .printing.terminal import say, say_json


@click.command("cluster-heads")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False),
    help="The file to write [default: beside the models of the library].",
)
@shared(PASSWORD, JSON, *MODEL)
def cluster_heads(
    files: tuple[str, ...], output: str | None, password: str | None, as_json: bool, **given: Any
) -> None:
    """Find which attention heads attend alike on the text of FILEs, for `ask --clusters`."""
    from parallelcomp import find_clusters
    from parallelcomp.chai import head_clusters

    from ..documents.extraction import read_document
    from ..library import Library
    from ..models.head_samples import samples
    from .printing.progress import tell

    library = Library.open(settings=settings_from(given), notify=tell)
    documents = [read_document(Path(name), password=password) for name in files]
    model = library.model
    found = find_clusters(model.loaded, samples(documents, model.tokenizer))
    path = Path(output) if output else library.clusters_file
    path.parent.mkdir(parents=True, exist_ok=True)
    head_clusters.save(found, path)
    heads = model.loaded.spec.query_heads
    if as_json:
        say_json({"file": str(path), "query_heads": heads, "clusters": list(found.clusters)})
        return
    share = 1 - sum(found.clusters) / (heads * len(found.clusters))
    say(f"clusters in each layer, of {heads} heads: {' '.join(map(str, found.clusters))}")
    say(f"they spare {share:.0%} of the score FLOPs of a decoded token")
    say(f"written to {path}; use it with `wholedoc ask ... --clusters {path}`")
