"""`wholedoc doctor`: shows what this machine can do."""

from __future__ import annotations

from typing import Any

import click

from .options import JSON, MODEL, settings_from, shared
from .printing.terminal import say, say_json


@click.command()
@shared(JSON, *MODEL)
def doctor(as_json: bool, **given: Any) -> None:
    """Show model, device, attention kernel, memory, what document length fits, which models suit, and whether the
    library is encrypted.
    """
    from importlib.metadata import version

    from parallelcomp import ChunkScoring, usable_kernel

    from ..answering.evidence.scanning import MOST
    from ..library import Library
    from ..models.recommendation import recommend_pair
    from ..storage.files.sealing import CIPHER
    from ..storage.home import home
    from .printing.progress import tell

    library = Library.open(settings=settings_from(given), notify=tell)
    spec = library.engine.spec
    plan = library.engine.plan(131_072)
    # The model that is loaded now would give its memory back.
    pair = recommend_pair(plan.available + plan.weights, spec.device, spec.dtype)
    facts: dict[str, object] = {
        "wholedoc": version("wholedoc"),
        "torch": version("torch"),
        "transformers": version("transformers"),
        "model": library.model.name,
        "device": str(spec.device),
        "dtype": str(spec.dtype).removeprefix("torch."),
        "weights": spec.quantization or "not quantised",
        "attention_kernel": usable_kernel(spec.device, spec.dtype).value,
        "model_window_tokens": spec.window,
        "weights_bytes": plan.weights,
        "kv_bytes_per_token": plan.kv_per_token,
        "free_bytes": plan.available,
        "longest_document_tokens": plan.longest_document,
        "kv_of_128k_tokens": plan.way.value,
        **{f"longest_{way.value}_tokens": longest for way, longest in plan.longest_by_way.items()},
        "recommended_reader": pair.reader.name,
        "recommended_writer": pair.writer.name,
        "recommended_pair_bytes": pair.memory_bytes,
        "library": str(home()),
        "library_chunks": library.folder.store.place,
        "library_encryption": CIPHER if library.folder.seal is not None else "none",
    }
    if as_json:
        say_json(facts)
        return
    width = max(len(name) for name in facts)
    for name, value in facts.items():
        shown = f"{value:,}" if isinstance(value, int) else value
        say(f"{name.replace('_', ' '):{width}}  {shown}")
    say(f"A document of 128K tokens: {plan.verdict}.")
    scans = library.settings.scoring is ChunkScoring.SCAN
    scored = MOST * library.engine.config.chunk_tokens if scans else plan.tokens
    say(f"Its KV is {plan.way_in_words(scored)}.")
    for way, longest in plan.longest_by_way.items():
        if way is not plan.way and longest:
            say(f"Up to {longest:,} tokens it can be {plan.way_in_words(min(scored, longest), way)}.")
    say(f"For this machine: {pair.in_words()}. `wholedoc models` tells more of them.")
