"""llama.cpp over the same tokens, with the same model's GGUF and as many threads, in turn with ours."""

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

from . import asking_trial, llama_cpp_trial
from .asking_trial import AskingTrial
from .child import in_child
from .llama_cpp_trial import LlamaCppTrial, installed
from .report import Report
from .sample import REGISTER, front_questions, opened

CACHE = Path(__file__).parents[1] / ".cache" / "gguf"
# What llama.cpp does not have or calls otherwise is left out of the rows.
SHARED = ("tokens", "read_s", "read_tokens_per_s", "first_token_s", "peak_gb")


class NotInstalledError(Exception):
    """What a benchmark compares with is not there."""


@dataclass(frozen=True)
class Length:
    """Document tokens, and how often each is measured: the median counts."""

    tokens: int
    rounds: int


FULL = (Length(2048, 3), Length(8192, 1), Length(32768, 1))
QUICK = (Length(1024, 1),)


def run(quick: bool, python: str = sys.executable) -> Report:
    """Reading, the first token of a question and decoding, by length; `python` has llama-cpp-python.

    Raises NotInstalledError if it has not, and ModelError if the GGUF cannot be fetched.
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
        ways = {"ours": partial(_ours, AskingTrial(REGISTER, length.tokens, questions, decoded))}
        for name, flash_attention in forms.items():
            trial = _llama_cpp_trial(gguf, length.tokens, decoded, flash_attention)
            ways[name] = partial(in_child, llama_cpp_trial.measure, trial, python)
        results: dict[str, list[dict[str, Any]]] = {name: [] for name in ways}
        for number in range(length.rounds):
            for name in list(ways)[:: -1 if number % 2 else 1]:
                results[name].append(ways[name]())
        for name, rounds in results.items():
            report.add(engine=name, rounds=len(rounds), **medians(rounds))
        # The longer texts take minutes: only the form that reads faster.
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
    """The embedded model's GGUF, fetched on first use."""
    path = CACHE / Path(GGUF).name
    if not path.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
            fetch_gguf(Path(scratch), print).rename(path)
    return path


def _ours(trial: AskingTrial) -> dict[str, Any]:
    asked = in_child(asking_trial.measure, trial)
    return {
        **{name: asked[name] for name in SHARED},
        "decode_tokens_per_s": asked["decode_context_tokens_per_s"],
        "decode_passage_tokens_per_s": asked["decode_passage_tokens_per_s"],
    }


def _llama_cpp_trial(gguf: Path, tokens: int, decoded: int, flash_attention: bool) -> LlamaCppTrial:
    """The same tokens that ours reads and asks."""
    model = open_model(device=torch.device("cpu"))
    document = opened(REGISTER, model, tokens)
    question = model.prompt.question(model.tokenizer, front_questions(document)[0])
    return LlamaCppTrial(
        str(gguf), document.token_ids, question.all_ids, decoded, torch.get_num_threads(), flash_attention
    )


def medians(rounds: Sequence[dict[str, Any]]) -> dict[str, float]:
    """The median of each figure over the rounds."""
    return {name: statistics.median(one[name] for one in rounds) for name in rounds[0]}


def add_ratios(report: Report) -> None:
    """Add ours over llama.cpp at each length: more is better for ours in all of them."""
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
