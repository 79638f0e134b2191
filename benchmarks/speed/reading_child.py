"""Reads one text once, in one process: seconds and peak memory."""

from __future__ import annotations

import time
from dataclasses import dataclass
from enum import Enum
from typing import Any

import torch

from parallelcomp import Engine, EngineConfig, KVPrecision, split
from wholedoc.models.text_model import TextModel, open_model

from ..report import peak_gigabytes
from ..sample import REGISTER, opened

WARM_TOKENS = 1024


class Way(Enum):
    """Who reads."""

    OURS = "ours"
    """The engine, in chunks."""
    PLAIN = "plain"
    """transformers with full attention (SDPA) and the same weights."""


@dataclass(frozen=True)
class ReadingRequest:
    """Read the first `tokens` tokens of the register, in fp32 or else in this machine's default number format.

    The fields after `fp32` apply to the engine alone. The memory plan chooses a `prefill_batch` of None.
    """

    way: Way
    tokens: int
    fp32: bool = False
    chunk_tokens: int = EngineConfig.chunk_tokens
    prefill_batch: int | None = None
    precision: KVPrecision = EngineConfig.precision

    @property
    def name(self) -> str:
        """The name in the tables."""
        return f"{self.way.value} fp32" if self.fp32 else self.way.value


def measure(request: ReadingRequest) -> dict[str, Any]:
    """Read once. A short text is read before, to warm up code paths, threads and the allocator."""
    model = open_model(device=torch.device("cpu"), dtype=torch.float32 if request.fp32 else None)
    ids = opened(REGISTER, model, request.tokens).token_ids
    read = _read_ours if request.way is Way.OURS else _read_plain
    read(request, model, ids[:WARM_TOKENS])
    started = time.perf_counter()
    settings = read(request, model, ids)
    seconds = time.perf_counter() - started
    return {
        "tokens": len(ids),
        "dtype": str(model.loaded.spec.dtype).removeprefix("torch."),
        **settings,
        "seconds": seconds,
        "tokens_per_s": len(ids) / seconds,
        "peak_gb": peak_gigabytes(),
    }


def _read_ours(request: ReadingRequest, model: TextModel, ids: tuple[int, ...]) -> dict[str, Any]:
    """Read in chunks, and return the settings of the reading and the bytes of its KV (in GB)."""
    config = EngineConfig(
        chunk_tokens=request.chunk_tokens, prefill_batch=request.prefill_batch, precision=request.precision
    )
    engine = Engine(model.loaded, model.prompt.prefix, config)
    plan = engine.plan(len(ids))
    kept = list(engine.prefill(split(ids, config.chunk_tokens), plan))
    assert sum(len(one.chunk) for one in kept) == len(ids)
    return {
        "chunk_tokens": config.chunk_tokens,
        "prefill_batch": plan.prefill_batch,
        "precision": config.precision.value,
        "kv_gb": sum(one.kv.nbytes for one in kept) / 1e9,
    }


def _read_plain(request: ReadingRequest, model: TextModel, ids: tuple[int, ...]) -> dict[str, Any]:
    plain = model.loaded.model
    plain.set_attn_implementation("sdpa")
    with torch.inference_mode():
        plain(input_ids=torch.tensor([ids]), use_cache=True, logits_to_keep=1)
    return {}
