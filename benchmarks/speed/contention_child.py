"""Reads one text twice in one process: with nothing beside it, and beside one busy process."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psutil
import torch

from parallelcomp import Engine, EngineConfig, split
from wholedoc.models.text_model import TextModel, open_model

from ..sample import REGISTER, opened

WARM_TOKENS = 256


@dataclass(frozen=True)
class ContentionRequest:
    """Read the first `tokens` tokens of the register."""

    tokens: int


def measure(request: ContentionRequest) -> dict[str, Any]:
    """Return the seconds of both readings, and how many cores other programs held during the first.

    A short text is read before, to warm up code paths, threads and the allocator.
    """
    model = open_model(device=torch.device("cpu"))
    ids = opened(REGISTER, model, request.tokens).token_ids
    _read(model, ids[:WARM_TOKENS])
    before, started = _seconds_of_others(), time.perf_counter()
    idle_s = _read(model, ids)
    others = (_seconds_of_others() - before) / (time.perf_counter() - started)
    with busy_process():
        busy_s = _read(model, ids)
    return {"idle_s": idle_s, "busy_s": busy_s, "cores_of_others": max(others, 0.0)}


@contextmanager
def busy_process() -> Iterator[None]:
    """Keep one core busy with another process until the end of the block."""
    process = subprocess.Popen(
        [sys.executable, "-c", "print(flush=True)\nwhile True: pass"], stdout=subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        process.stdout.readline()  # it runs now
        yield
    finally:
        process.kill()
        process.communicate()


def _read(model: TextModel, ids: tuple[int, ...]) -> float:
    """Return the seconds of one reading in chunks of the default length."""
    engine = Engine(model.loaded, model.prompt.prefix, EngineConfig())
    plan = engine.plan(len(ids))
    started = time.perf_counter()
    for _ in engine.prefill(split(ids, engine.config.chunk_tokens), plan):
        pass
    return time.perf_counter() - started


def _seconds_of_others() -> float:
    """Return the seconds of processor time that everything but this process has taken since the machine started."""
    machine, own = psutil.cpu_times(), psutil.Process().cpu_times()
    whole: float = sum(machine[:8]) - machine.idle - getattr(machine, "iowait", 0.0)
    return whole - own.user - own.system
