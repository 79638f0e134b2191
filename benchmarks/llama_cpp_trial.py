"""One text read and continued by llama.cpp, in one process. Only llama-cpp-python and this package are needed."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .report import peak_gigabytes

WARM_TOKENS = 256


@dataclass(frozen=True)
class LlamaCppTrial:
    """Token ids of a document and of a question after it, and how many tokens are decoded then."""

    gguf: str
    document: tuple[int, ...]
    question: tuple[int, ...]
    decoded: int
    threads: int
    flash_attention: bool


def installed(_: None) -> dict[str, Any]:
    """The version of llama-cpp-python, None where there is none."""
    try:
        import llama_cpp
    except ImportError:
        return {"version": None}
    features = llama_cpp.llama_print_system_info().decode()
    return {"version": llama_cpp.__version__, "features": features}


def measure(trial: LlamaCppTrial) -> dict[str, Any]:
    """Seconds of the document, of the question to the first token, and of a token."""
    import llama_cpp

    tokens = len(trial.document)
    model = llama_cpp.Llama(
        trial.gguf,
        n_ctx=tokens + len(trial.question) + trial.decoded + 1,
        n_threads=trial.threads,
        n_threads_batch=trial.threads,
        flash_attn=trial.flash_attention,
        verbose=False,
    )
    model.eval(trial.document[:WARM_TOKENS])
    model.reset()
    read_s = _seconds(model, trial.document)
    first_s = _seconds(model, trial.question)
    started = time.perf_counter()
    for _ in range(trial.decoded):
        model.eval([_likeliest(model)])
    decode_s = time.perf_counter() - started
    return {
        "tokens": tokens,
        "read_s": read_s,
        "read_tokens_per_s": tokens / read_s,
        "first_token_s": first_s,
        "decode_tokens_per_s": trial.decoded / decode_s,
        "peak_gb": peak_gigabytes(),
    }


def _seconds(model: Any, token_ids: Sequence[int]) -> float:
    """Seconds to append tokens and draw the next one."""
    started = time.perf_counter()
    model.eval(token_ids)
    _likeliest(model)
    return time.perf_counter() - started


def _likeliest(model: Any) -> int:
    token: int = model.sample(temp=0.0, repeat_penalty=1.0)
    return token
