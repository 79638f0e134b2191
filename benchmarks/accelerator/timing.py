"""Seconds of work on a device that works on its own, and what is left of the time for all of it."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import torch

Result = TypeVar("Result")


@dataclass(frozen=True)
class Deadline:
    """All must be done `seconds` after `started` (both by `time.monotonic`)."""

    started: float
    seconds: float

    @property
    def left(self) -> float:
        return self.started + self.seconds - time.monotonic()

    def over(self) -> bool:
        return self.left <= 0


@dataclass
class Pace:
    """Expects the next measurement's seconds from the previous: they grow as tokens to the power of `growth`."""

    growth: float
    tokens: int = 0
    seconds: float = 0.0

    def expect(self, tokens: int) -> float:
        """Seconds; 0 as long as nothing is known."""
        return self.seconds * (tokens / self.tokens) ** self.growth if self.tokens else 0.0

    def note(self, tokens: int, seconds: float) -> None:
        self.tokens, self.seconds = tokens, seconds


def synchronize(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def timed(device: torch.device, work: Callable[[], Result]) -> tuple[Result, float]:
    """What the work returns, and its seconds until the device is done with it."""
    synchronize(device)
    started = time.perf_counter()
    result = work()
    synchronize(device)
    return result, time.perf_counter() - started


def release(device: torch.device) -> None:
    """Give back what nobody holds any more, and forget the peak."""
    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()
    forget_peak(device)


def forget_peak(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)


def peak_gb(device: torch.device) -> float | None:
    """The most that tensors took on the device since `forget_peak`, weights included; None on a CPU."""
    return torch.cuda.max_memory_allocated(device) / 1e9 if device.type == "cuda" else None
