"""Reads and continues one text with llama.cpp, in one process.

The interpreter needs llama-cpp-python and nothing else: neither torch nor the app.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..report import peak_gigabytes

WARM_TOKENS = 256


@dataclass(frozen=True)
class LlamaCppRequest:
    """The token ids of a document and of the question after it, and how many tokens to decode after that."""

    gguf: str
    document: tuple[int, ...]
    question: tuple[int, ...]
    decoded: int
    threads: int
    flash_attention: bool


def installed(_: None) -> dict[str, Any]:
    """Return the version of llama-cpp-python and the processor features it uses; version None if not installed."""
    try:
        import llama_cpp
    except ImportError:
        return {"version": None}
    features = llama_cpp.llama_print_system_info().decode()
    return {"version": llama_cpp.__version__, "features": features}


def measure(request: LlamaCppRequest) -> dict[str, Any]:
    """Time reading the document, the question up to the first token, and decoding. Seconds and tokens a second."""
    import llama_cpp

    tokens = len(request.document)
    model = llama_cpp.Llama(
        request.gguf,
        n_ctx=tokens + len(request.question) + request.decoded + 1,
        n_threads=request.threads,
        n_threads_batch=request.threads,
        flash_attn=request.flash_attention,
        verbose=False,
    )
    model.eval(request.document[:WARM_TOKENS])
    model.reset()
    read_s = _seconds(model, request.document)
    first_s = _seconds(model, request.question)
    started = time.perf_counter()
    for _ in range(request.decoded):
        model.eval([_likeliest(model)])
    decode_s = time.perf_counter() - started
    return {
        "tokens": tokens,
        "read_s": read_s,
        "read_tokens_per_s": tokens / read_s,
        "first_token_s": first_s,
        "decode_tokens_per_s": request.decoded / decode_s,
        "peak_gb": peak_gigabytes(),
    }


def _seconds(model: Any, token_ids: Sequence[int]) -> float:
    """Return the seconds it takes to append tokens and to draw the next one."""
    started = time.perf_counter()
    model.eval(token_ids)
    _likeliest(model)
    return time.perf_counter() - started


def _likeliest(model: Any) -> int:
    token: int = model.sample(temp=0.0, repeat_penalty=1.0)
    return token
