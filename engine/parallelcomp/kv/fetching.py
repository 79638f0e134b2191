"""Fetching stored KV from a device into the host's memory, in another thread than the one that computes."""

from __future__ import annotations

from collections.abc import Callable
from itertools import accumulate

import torch
from torch import Tensor

from .lanes import CudaLane, Lane
from .stored import StoredKV, restore

# Is called by the thread that computes; what it returns fetches the KV, in whichever thread calls that.
Fetching = Callable[[StoredKV], Callable[[], StoredKV]]
# Tensors in one buffer begin at multiples of so many bytes.
ALIGNED = 64


def fetching(device: torch.device) -> Fetching:
    """Return what fetches KV that was computed on `device`."""
    if device.type == "cuda":
        return Fetcher(CudaLane(device)).begin
    return lambda kv: lambda: restore(kv.precision, {name: one.cpu() for name, one in kv.tensors().items()})


class Fetcher:
    """Fetches KV along a lane into one buffer of the host, which holds it until the next is fetched."""

    def __init__(self, lane: Lane) -> None:
        self._lane = lane
        self._buffer = lane.host_buffer(0)

    def begin(self, kv: StoredKV) -> Callable[[], StoredKV]:
        """Return what fetches this KV once all is computed that has been launched by now."""
        computed = self._lane.computed()
        return lambda: self._fetch(kv, computed)

    def _fetch(self, kv: StoredKV, after: object) -> StoredKV:
        tensors = kv.tensors()
        starts = aligned([one.nbytes for one in tensors.values()])
        if len(self._buffer) < starts[-1]:
            self._buffer = self._lane.host_buffer(starts[-1])
        fetched: dict[str, Tensor] = {}
        for (name, one), start in zip(tensors.items(), starts, strict=False):
            fetched[name] = self._buffer[start : start + one.nbytes].view(one.dtype).view(one.shape)
            done = self._lane.copy(fetched[name], one, after)
        self._lane.wait(done)
        return restore(kv.precision, fetched)


def aligned(sizes: list[int]) -> list[int]:
    """Return where in a buffer tensors of these bytes begin, and last its length."""
    return list(accumulate((-(-size // ALIGNED) * ALIGNED for size in sizes), initial=0))
