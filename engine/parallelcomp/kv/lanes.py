"""Copies between the host and a device beside what the device computes."""

from __future__ import annotations

from typing import Any, Protocol

import torch
from torch import Tensor


class Lane(Protocol):
    """Where copies run in their order, beside the computing. A `Point` says how far one of the two has come."""

    def host_buffer(self, nbytes: int) -> Tensor:
        """Return a buffer of bytes, uint8 (nbytes,), in host memory that the device reads and writes by itself."""
        ...

    def computed(self) -> Any:
        """Return the point that the computing reaches with all that was launched so far."""
        ...

    def copy(self, target: Tensor, source: Tensor, after: Any) -> Any:
        """Begin a copy once the computing has passed `after`. Returns the point at which it is done."""
        ...

    def compute_after(self, done: Any) -> None:
        """Let what is computed from now on wait for that copy."""
        ...

    def wait(self, done: Any) -> None:
        """Return when that copy is done."""
        ...


class CudaLane:
    """A stream of its own for copies; its points are events."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._stream = torch.cuda.Stream(device)

    def host_buffer(self, nbytes: int) -> Tensor:
        return torch.empty(nbytes, dtype=torch.uint8, pin_memory=True)

    def computed(self) -> torch.cuda.Event:
        return torch.cuda.current_stream(self._device).record_event()

    def copy(self, target: Tensor, source: Tensor, after: torch.cuda.Event) -> torch.cuda.Event:
        with torch.cuda.stream(self._stream):
            self._stream.wait_event(after)
            target.copy_(source, non_blocking=True)
            for one in (target, source):
                if one.is_cuda:  # the allocator must not give it to anybody before the copy is done
                    one.record_stream(self._stream)
            return self._stream.record_event()

    def compute_after(self, done: torch.cuda.Event) -> None:
        torch.cuda.current_stream(self._device).wait_event(done)

    def wait(self, done: torch.cuda.Event) -> None:
        done.synchronize()
