"""Runs the measurements, the most important first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import torch
from torch.nn.attention import SDPBackend

from parallelcomp import KVPrecision, LoadedModel

from .figures import figures
from .flops import FORMULA, linear_weights
from .full import Full
from .ledger import Attempts, Ledger, Row
from .machine import kernels, machine, matrix_rate, memory_rate, sdpa_choice
from .ours import Ours, default_config, evictions
from .settings import Settings
from .shapes import SHAPES, in_int8, random_model
from .stored import Stored, memory_of
from .timing import Deadline, TimeEstimate, timed

# Most cards that people have are no larger.
SMALLER_GB = 24
PRECISIONS = (KVPrecision.BF16, KVPrecision.INT8, KVPrecision.INT4)


@dataclass(frozen=True)
class Bench:
    """What the measurements share. The estimates are updated by every measurement of a kind."""

    settings: Settings
    loaded: LoadedModel
    attempts: Attempts
    ours: Ours
    full: Full
    document_time: TimeEstimate
    full_time: TimeEstimate


def run(shape: str, settings: Settings, device: torch.device, out: Path, deadline: Deadline) -> int:
    """Measure all that fits before the deadline; return how many measurements failed."""
    dtype = torch.bfloat16 if device.type == "cuda" else torch.float32
    loaded, made_s = timed(device, partial(random_model, SHAPES[shape], device, dtype))
    rate, products = matrix_rate(settings.square, device, dtype)
    bandwidth = memory_rate(settings.copied_bytes, device)
    about = {
        "benchmark": "gpu",
        **machine(device),
        "shape": shape,
        "weights": "random",
        "parameters": sum(one.numel() for one in loaded.model.parameters()),
        "linear_weights": linear_weights(loaded.model),
        "weights_gb": loaded.spec.weight_bytes / 1e9,
        "model_made_s": made_s,
        "dtype": str(dtype).removeprefix("torch."),
        "flop_formula": FORMULA,
        "matrix_product": {
            "shape": [settings.square] * 3,
            "tflops": rate / 1e12,
            "seconds_each": products,
        },
        "memory_gb_per_s": bandwidth / 1e9,
        "attention_kernels": kernels(loaded, settings.chunk_tokens, settings.asked_tokens),
        "seconds_allowed": deadline.seconds,
    }
    for name, value in about.items():
        print(f"{name}: {value}", flush=True)
    ids = torch.randint(
        loaded.spec.vocabulary, (max(settings.document_lengths),), generator=torch.Generator().manual_seed(7)
    ).tolist()
    ledger = Ledger(out, about, figures)
    bench = Bench(
        settings,
        loaded,
        Attempts(ledger, deadline, device),
        Ours(loaded, settings, ids, rate, bandwidth, deadline),
        Full(loaded, settings, ids, rate),
        TimeEstimate(growth=1),
        TimeEstimate(growth=2),
    )
    measure(bench)
    return ledger.finish()


def measure(bench: Bench) -> None:
    """Run every measurement, the most important first."""
    common = bench.settings.common_length
    documents(bench, [one for one in bench.settings.document_lengths if one <= common])
    full_attention(bench)
    documents(bench, [one for one in bench.settings.document_lengths if one > common])
    precisions(bench, [common])
    batches(bench)
    chunk_sizes(bench)
    kv_on_the_host(bench)
    through_the_store(bench)
    smaller_card(bench)
    full_attention_by_choice(bench)
    precisions(bench, [one for one in reversed(bench.settings.document_lengths) if one != common])
    weights_in_8_bits(bench)  # the last: it changes the model


def documents(bench: Bench, lengths: Sequence[int]) -> None:
    """Measure the engine's defaults by length: reading, a later question, decoding."""
    config = default_config(bench.settings)
    for tokens in lengths:
        work = partial(bench.ours.document, tokens, config)
        bench.attempts.attempt("document", bench.document_time, work, tokens=tokens)


def full_attention(bench: Bench) -> None:
    """Measure full attention by length with the flash kernel, or on a CPU with the one that torch chooses."""
    backend = SDPBackend.FLASH_ATTENTION if bench.loaded.spec.device.type == "cuda" else None
    for tokens in bench.settings.full_lengths:
        _full(bench, tokens, backend)


def full_attention_by_choice(bench: Bench) -> None:
    """Measure the longest length again if torch itself would choose another kernel than flash."""
    spec, tokens = bench.loaded.spec, bench.settings.full_lengths[-1]
    if spec.device.type == "cuda":
        choice = sdpa_choice(spec, spec.query_heads, 1024, 1024, is_causal=True)
        if choice is not SDPBackend.FLASH_ATTENTION:
            _full(bench, tokens, choice)


def _full(bench: Bench, tokens: int, backend: SDPBackend | None) -> None:
    work = partial(bench.full.prompt, tokens, backend)
    kernel = "torch SDPA: " + (backend.name if backend is not None else "its own choice")
    bench.attempts.attempt("full attention", bench.full_time, work, tokens=tokens, kernel=kernel)


def precisions(bench: Bench, lengths: Sequence[int]) -> None:
    """Measure the KV in every precision but the default, which `documents` measures."""
    config = default_config(bench.settings)
    for tokens in lengths:
        for precision in PRECISIONS:
            if precision is not config.precision:
                work = partial(bench.ours.document, tokens, replace(config, precision=precision))
                bench.attempts.attempt(
                    "precision", bench.document_time, work, tokens=tokens, wanted=precision.value
                )


def batches(bench: Bench) -> None:
    """Measure reading with several chunks in a pass, and with one."""
    tokens, estimate = bench.settings.batch_length, replace(bench.document_time)
    for batch in bench.settings.batches:
        config = replace(default_config(bench.settings), prefill_batch=batch)
        work = partial(bench.ours.reading, tokens, config)
        bench.attempts.attempt("prefill batch", estimate, work, tokens=tokens)


def chunk_sizes(bench: Bench) -> None:
    """Measure longer chunks, with both evictions on and off."""
    tokens, estimate = bench.settings.common_length, replace(bench.document_time)
    for chunk_tokens in reversed(bench.settings.other_chunk_tokens):
        config = replace(default_config(bench.settings), chunk_tokens=chunk_tokens)
        chosen = evictions(tokens, chunk_tokens, config.eviction)
        work = partial(bench.ours.document, tokens, config, evictions=chosen)
        bench.attempts.attempt("chunk size", estimate, work, tokens=tokens, wanted=chunk_tokens)


def kv_on_the_host(bench: Bench) -> None:
    """Measure the common document again with its KV on the host, as if it did not fit on the device."""
    tokens, host = bench.settings.common_length, torch.device("cpu")
    if bench.loaded.spec.device != host:
        work = partial(bench.ours.document, tokens, default_config(bench.settings), kv_device=host)
        bench.attempts.attempt("KV on the host", replace(bench.document_time), work, tokens=tokens)


def through_the_store(bench: Bench) -> None:
    """Measure reading as users have it, with every chunk on disk at the end, and the first token of a question."""
    tokens = bench.settings.common_length
    work = partial(Stored(bench.ours).document, tokens, default_config(bench.settings))
    bench.attempts.attempt("through the store", replace(bench.document_time), work, tokens=tokens)


def smaller_card(bench: Bench) -> None:
    """Measure the same as if the device had SMALLER_GB of memory."""
    tokens, device = bench.settings.common_length, bench.loaded.spec.device
    if device.type == "cuda":
        with memory_of(SMALLER_GB, device):
            work = partial(Stored(bench.ours).document, tokens, default_config(bench.settings))
            bench.attempts.attempt(
                "smaller card", replace(bench.document_time), work, tokens=tokens, memory_gb=SMALLER_GB
            )


def weights_in_8_bits(bench: Bench) -> None:
    """Measure the same with the weights in 8 bits; on a CUDA device as if it had SMALLER_GB of memory."""
    tokens, device, ours = bench.settings.common_length, bench.loaded.spec.device, bench.ours

    def work() -> Iterator[Row]:
        quantised = Ours(in_int8(bench.loaded), ours.settings, ours.ids, ours.rate, ours.bandwidth, ours.deadline)
        yield from Stored(quantised).document(tokens, default_config(bench.settings))

    about = {} if device.type == "cpu" else {"memory_gb": SMALLER_GB}
    with nullcontext() if device.type == "cpu" else memory_of(SMALLER_GB, device):
        bench.attempts.attempt("weights in int8", replace(bench.document_time), work, tokens=tokens, **about)
