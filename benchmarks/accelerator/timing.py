"""Times work on a device that runs asynchronously, and keeps a deadline for all of it."""

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
    """A run must end `seconds` after `started`, which is a value of `time.monotonic`."""

    started: float
    seconds: float

    @property
    def left(self) -> float:
        """Seconds until the deadline, negative after it."""
        return self.started + self.seconds - time.monotonic()

    def over(self) -> bool:
        return self.left <= 0


@dataclass
class TimeEstimate:
    """Estimates the next measurement's seconds from the last one's, as tokens to the power of `growth`."""

    growth: float
    tokens: int = 0
    seconds: float = 0.0

    def expect(self, tokens: int) -> float:
        """Return the seconds that `tokens` tokens should take; 0 if nothing has been noted yet."""
        return self.seconds * (tokens / self.tokens) ** self.growth if self.tokens else 0.0

    def note(self, tokens: int, seconds: float) -> None:
        """Note the last measurement."""
        self.tokens, self.seconds = tokens, seconds


def synchronize(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def timed(device: torch.device, work: Callable[[], Result]) -> tuple[Result, float]:
    """Return what `work` returns, and the seconds until the device has finished it."""
    synchronize(device)
    started = time.perf_counter()
    result = work()
    synchronize(device)
    return result, time.perf_counter() - started


def release(device: torch.device) -> None:
    """Free memory that nothing holds any more, and reset the peak."""
    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()
    forget_peak(device)


def forget_peak(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)


def peak_gb(device: torch.device) -> float | None:
    """Return the peak of tensors on the device since `forget_peak`, with weights, in GB; None on a CPU."""
    return torch.cuda.max_memory_allocated(device) / 1e9 if device.type == "cuda" else None
