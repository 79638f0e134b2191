"""One text read once, in one way: seconds and peak memory."""

from __future__ import annotations

import time
from dataclasses import dataclass
from enum import Enum
from typing import Any

import torch

from parallelcomp import Engine, EngineConfig, KVPrecision, split
from wholedoc.models.text_model import TextModel, open_model

from .report import peak_gigabytes
from .sample import REGISTER, opened

WARM_TOKENS = 1024


class Way(Enum):
    OURS = "ours"
    PLAIN = "plain"
    """transformers with full attention (SDPA), the same weights."""


@dataclass(frozen=True)
class Trial:
    """The first `tokens` tokens of the register; `fp32` instead of the format that is this machine's default.

    What is below `fp32` is for ours alone; a batch of None is what the memory plan chooses.
    """

    way: Way
    tokens: int
    fp32: bool = False
    chunk_tokens: int = EngineConfig.chunk_tokens
    prefill_batch: int | None = None
    precision: KVPrecision = EngineConfig.precision

    @property
    def name(self) -> str:
        """As it stands in the tables."""
        return f"{self.way.value} fp32" if self.fp32 else self.way.value


def measure(trial: Trial) -> dict[str, Any]:
    """Read once, after a short text that warms code paths, threads and the allocator."""
    model = open_model(device=torch.device("cpu"), dtype=torch.float32 if trial.fp32 else None)
    ids = opened(REGISTER, model, trial.tokens).token_ids
    read = _read_ours if trial.way is Way.OURS else _read_plain
    read(trial, model, ids[:WARM_TOKENS])
    started = time.perf_counter()
    settings = read(trial, model, ids)
    seconds = time.perf_counter() - started
    return {
        "tokens": len(ids),
        "dtype": str(model.loaded.spec.dtype).removeprefix("torch."),
        **settings,
        "seconds": seconds,
        "tokens_per_s": len(ids) / seconds,
        "peak_gb": peak_gigabytes(),
    }


def _read_ours(trial: Trial, model: TextModel, ids: tuple[int, ...]) -> dict[str, Any]:
    """Read in chunks; the settings that it was read with."""
    config = EngineConfig(
        chunk_tokens=trial.chunk_tokens, prefill_batch=trial.prefill_batch, precision=trial.precision
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


def _read_plain(trial: Trial, model: TextModel, ids: tuple[int, ...]) -> dict[str, Any]:
    plain = model.loaded.model
    plain.set_attn_implementation("sdpa")
    with torch.inference_mode():
        plain(input_ids=torch.tensor([ids]), use_cache=True, logits_to_keep=1)
    return {}
