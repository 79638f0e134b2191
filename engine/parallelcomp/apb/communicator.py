"""How the hosts of one reading come together: one after another in one process, or a process each (`ranks`)."""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor


class Communicator(Protocol):
    """`here`: the hosts that this process plays. Whatever comes from all hosts comes in their order."""

    @property
    def here(self) -> range: ...

    def exchange(self, layer: int, host: int, passing: Tensor) -> Tensor:
        """Hand on what `host` passes in this layer, (2, kv_heads, tokens, head_dim) of keys and values; returns
        what the hosts before it passed, (2, kv_heads, host * tokens, head_dim)."""
        ...

    def gather(self, mine: Tensor) -> Tensor:
        """(hosts here, ...) of this process to (all hosts, ...)."""
        ...

    def forget(self) -> None:
        """Drop what was passed: everything is read."""
        ...


class LocalCommunicator:
    """All hosts in one process, one after another: each needs only what those before it have passed."""

    def __init__(self, hosts: int) -> None:
        self.here = range(hosts)
        self._passed: dict[int, list[Tensor]] = {}

    def exchange(self, layer: int, host: int, passing: Tensor) -> Tensor:
        passed = self._passed.setdefault(layer, [])
        before = torch.cat([passing[:, :, :0], *passed[:host]], dim=2)
        passed.append(passing)
        return before

    def gather(self, mine: Tensor) -> Tensor:
        return mine

    def forget(self) -> None:
        self._passed.clear()
