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

FULL = {
    "ours": (8192, 32768, 131072),
    "ours fp32": (8192,),
    "plain": (2048, 8192, 16384),
    "plain fp32": (8192, 16384),
}
QUICK = {"ours": (4096, 8192), "ours fp32": (), "plain": (2048, 4096), "plain fp32": ()}


def run(quick: bool) -> Report:
    """tokens/s and peak memory by length: ours, and plain transformers (full attention, same weights).

    In the number format that is the default on this machine, and in fp32.
    """
    report = Report("reading-quick" if quick else "reading")
    for way, lengths in (QUICK if quick else FULL).items():
        for tokens in lengths:
            report.add(way=way, **_in_child(way, tokens))
    speed = {(row["way"], row["tokens"]): row["tokens_per_s"] for row in report.rows}
    ours = sorted(tokens for way, tokens in speed if way == "ours")
    flat = speed["ours", ours[0]] / speed["ours", ours[-1]]
    report.add(figure=f"cost per token, {ours[-1]} over {ours[0]} tokens", ratio=flat)
    for (way, tokens), plain in speed.items():
        if way.startswith("plain"):
            mine = way.replace("plain", "ours")
            base = speed.get((mine, tokens), speed.get((mine, ours[0])))
            if base:
                report.add(
                    figure=f"tokens/s, {mine} over {way} transformers at {tokens} tokens", ratio=base / plain
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

    model = open_model(device=torch.device("cpu"), dtype=torch.float32 if way.endswith("fp32") else None)
    ids = tokenize(read_document(REGISTER), model.tokenizer).token_ids[:tokens]
    measure = _read_ours if way.startswith("ours") else _read_plain
    measure(model, ids[:1024])  # warm: code paths, threads, allocator
    started = time.perf_counter()
    measure(model, ids)
    seconds = time.perf_counter() - started
    return {
        "tokens": len(ids),
        "dtype": str(model.loaded.spec.dtype).removeprefix("torch."),
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
