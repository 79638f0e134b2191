"""Reading speed and memory against plain transformers over the same tokens, in one run.

Each measurement is a process of its own, so that peak memory is its own and nothing is warm but the files.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from typing import Any

from .report import Report, peak_gigabytes
from .sample import REGISTER

FULL = {"ours": (8192, 32768, 131072), "plain": (2048, 4096, 8192, 16384)}
QUICK = {"ours": (4096, 8192), "plain": (2048, 4096)}


def run(quick: bool) -> Report:
    """tokens/s and peak memory by length: ours, and plain transformers (full attention, same weights)."""
    report = Report("reading-quick" if quick else "reading")
    lengths = QUICK if quick else FULL
    for way in ("ours", "plain"):
        for tokens in lengths[way]:
            report.add(way=way, **_in_child(way, tokens))
    ours = {row["tokens"]: row for row in report.rows if row["way"] == "ours"}
    plain = {row["tokens"]: row for row in report.rows if row["way"] == "plain"}
    shortest, longest = min(ours), max(ours)
    flat = ours[longest]["seconds"] / longest / (ours[shortest]["seconds"] / shortest)
    report.add(figure=f"cost per token, {longest} over {shortest} tokens", ratio=flat)
    for tokens, row in plain.items():
        base = ours.get(tokens, ours[shortest])
        report.add(
            figure=f"tokens/s, ours over plain transformers at {tokens} tokens",
            ratio=base["tokens_per_s"] / row["tokens_per_s"],
        )
    report.notes.append("ratios are within this run; ours at lengths not measured is taken from the shortest run")
    return report


def _in_child(way: str, tokens: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.reading", way, str(tokens)]
    ran = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    result: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return result


def _measure(way: str, tokens: int) -> dict[str, Any]:
    import torch

    from wholedoc.extraction import read_document
    from wholedoc.text_model import open_model
    from wholedoc.tokenization import tokenize

    model = open_model(device=torch.device("cpu"))
    ids = tokenize(read_document(REGISTER), model.tokenizer).token_ids[:tokens]
    measure = _read_ours if way == "ours" else _read_plain
    measure(model, ids[:1024])  # warm: code paths, threads, allocator
    started = time.perf_counter()
    measure(model, ids)
    seconds = time.perf_counter() - started
    return {
        "tokens": len(ids),
        "seconds": seconds,
        "tokens_per_s": len(ids) / seconds,
        "peak_gb": peak_gigabytes(),
    }


def _read_ours(model: Any, ids: tuple[int, ...]) -> None:
    from parallelcomp import Engine, EngineConfig, split

    engine = Engine(model.loaded, model.prompt.prefix, EngineConfig())
    chunks = split(ids, engine.config.chunk_tokens)
    kept = list(engine.prefill(chunks, engine.plan(len(ids))))
    assert sum(len(one.chunk) for one in kept) == len(ids)


def _read_plain(model: Any, ids: tuple[int, ...]) -> None:
    import torch

    plain = model.loaded.model
    plain.set_attn_implementation("sdpa")
    with torch.inference_mode():
        plain(input_ids=torch.tensor([ids]), use_cache=True, logits_to_keep=1)


if __name__ == "__main__":
    print(json.dumps(_measure(sys.argv[1], int(sys.argv[2]))))
