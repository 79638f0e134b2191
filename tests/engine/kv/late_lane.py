"""A double of a GPU's stream of copies. It notes what is asked of it, and copies as late as it may, so that whoever
overwrites a buffer too early reads wrong numbers."""

from __future__ import annotations

import torch
from torch import Tensor


class LateLane:
    """Copies only when somebody waits for it: `log` holds what was asked for, in order."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self._begun: list[tuple[Tensor, Tensor]] = []
        self._copied = 0

    def host_buffer(self, nbytes: int) -> Tensor:
        return torch.full((nbytes,), 0xA5, dtype=torch.uint8)

    def computed(self) -> int:
        return self.log.count("computed")

    def copy(self, target: Tensor, source: Tensor, after: int) -> int:
        self.log.append("copy")
        self._begun.append((target, source))
        return len(self._begun)

    def compute_after(self, done: int) -> None:
        self._copy(done)
        self.log.append("computed")

    def wait(self, done: int) -> None:
        self._copy(done)
        self.log.append("wait")

    def _copy(self, done: int) -> None:
        for target, source in self._begun[self._copied : done]:
            target.copy_(source)
        self._copied = max(self._copied, done)
