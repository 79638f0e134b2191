"""Compares with llama.cpp on the same tokens, the same model's GGUF and as many threads, run in turns."""

from __future__ import annotations

import statistics
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch

from wholedoc.models.embedded_model import GGUF, fetch_gguf
from wholedoc.models.text_model import open_model

from ..child import in_child
from ..errors import NotInstalledError
from ..report import Report
from ..sample import REGISTER, front_questions, opened
from . import asking_child, llama_cpp_child
from .asking_child import AskingRequest
from .llama_cpp_child import LlamaCppRequest, installed

CACHE = Path(__file__).parents[2] / ".cache" / "gguf"
# The figures of ours that llama.cpp has under the same name.
SHARED = ("tokens", "read_s", "read_tokens_per_s", "first_token_s", "peak_gb")


@dataclass(frozen=True)
class Length:
    """A document's tokens, and how often each engine is measured; the rows hold the median."""

    tokens: int
    rounds: int


FULL = (Length(2048, 3), Length(8192, 1), Length(32768, 1))
QUICK = (Length(1024, 1),)


def run(quick: bool, python: str = sys.executable) -> Report:
    """Measure reading, the first token of a question and decoding by length.

    `python` is an interpreter with llama-cpp-python. Raises NotInstalledError if it has none, and ModelError if the
    GGUF cannot be fetched.
    """
    report = Report("llama_cpp-quick" if quick else "llama_cpp")
    found = in_child(installed, None, python)
    if found["version"] is None:
        raise NotInstalledError(
            f"{python} has no llama-cpp-python: `make llama-cpp` builds it (that needs a C++ compiler), or name "
            "another interpreter with --llama-cpp-python"
        )
    gguf = cached_gguf()
    decoded, questions = (16, 1) if quick else (64, 3)
    forms = {"llama.cpp": False, "llama.cpp, flash attention": True}
    for length in QUICK if quick else FULL:
        ways = {"ours": partial(_ours, AskingRequest(REGISTER, length.tokens, questions, decoded))}
        for name, flash_attention in forms.items():
            request = _llama_cpp_request(gguf, length.tokens, decoded, flash_attention)
            ways[name] = partial(in_child, llama_cpp_child.measure, request, python)
        results: dict[str, list[dict[str, Any]]] = {name: [] for name in ways}
        for number in range(length.rounds):
            for name in list(ways)[:: -1 if number % 2 else 1]:
                results[name].append(ways[name]())
        for name, rounds in results.items():
            report.add(engine=name, rounds=len(rounds), **medians(rounds))
        # Longer texts take minutes: they are read only in the form that reads faster.
        speed = {name: medians(results[name])["read_tokens_per_s"] for name in forms}
        forms = {name: forms[name] for name in [max(speed, key=speed.__getitem__)]}
        report.save()
    add_ratios(report)
    report.notes += [
        f"llama-cpp-python {found['version']}: {found['features'].strip()}",
        f"{Path(GGUF).name}, KV in f16, {torch.get_num_threads()} threads each",
        "llama.cpp multiplies with the GGUF's 4-bit weights, ours with the same weights in this machine's default "
        "format",
        "llama.cpp keeps the whole document before the question, so that each new token looks at all of it; ours "
        "scores all chunks by the question and answers from what it keeps",
        "beyond the model's window of 8,192 tokens llama.cpp's figures are of speed alone: it would answer nothing "
        "sensible there",
    ]
    return report


def cached_gguf() -> Path:
    """Return the path of the embedded model's GGUF, which is fetched on first use."""
    path = CACHE / Path(GGUF).name
    if not path.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
            fetch_gguf(Path(scratch), print).rename(path)
    return path


def _ours(request: AskingRequest) -> dict[str, Any]:
    asked = in_child(asking_child.measure, request)
    return {
        **{name: asked[name] for name in SHARED},
        "decode_tokens_per_s": asked["decode_context_tokens_per_s"],
        "decode_passage_tokens_per_s": asked["decode_passage_tokens_per_s"],
    }


def _llama_cpp_request(gguf: Path, tokens: int, decoded: int, flash_attention: bool) -> LlamaCppRequest:
    """Return a request with the same tokens that ours reads and is asked."""
    model = open_model(device=torch.device("cpu"))
    document = opened(REGISTER, model, tokens)
    question = model.prompt.question(model.tokenizer, front_questions(document)[0])
    return LlamaCppRequest(
        str(gguf), document.token_ids, question.all_ids, decoded, torch.get_num_threads(), flash_attention
    )


def medians(rounds: Sequence[dict[str, Any]]) -> dict[str, float]:
    """Return the median of each figure over the rounds."""
    return {name: statistics.median(one[name] for one in rounds) for name in rounds[0]}


def add_ratios(report: Report) -> None:
    """Add the ratios of ours to llama.cpp at each length; above 1, ours is better in all of them."""
    rows = {(row["engine"], row["tokens"]): row for row in report.rows}
    for (engine, tokens), theirs in rows.items():
        if engine != "ours":
            ours = rows["ours", tokens]
            report.add(
                figure=f"ours over {engine} at {tokens} tokens",
                read_tokens_per_s=ours["read_tokens_per_s"] / theirs["read_tokens_per_s"],
                first_token=theirs["first_token_s"] / ours["first_token_s"],
                decode_tokens_per_s=ours["decode_tokens_per_s"] / theirs["decode_tokens_per_s"],
            )
