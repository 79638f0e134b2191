"""How the hosts of one reading exchange KV and outputs, within one process or between several (`ranks.hosts`)."""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor


class Communicator(Protocol):
    """Collective operations of the hosts. What comes from several hosts is in the order of the hosts."""

    @property
    def here(self) -> range:
        """The hosts that this process runs."""
        ...

    def exchange(self, layer: int, host: int, passing: Tensor) -> Tensor:
        """Send what `host` passes on in this layer, keys and values in one tensor (2, kv_heads, tokens, head_dim).

        Returns what the hosts before it passed on, (2, kv_heads, host * tokens, head_dim).
        """
        ...

    def gather(self, mine: Tensor) -> Tensor:
        """Return (all hosts, ...) from this process's part `mine`, (hosts here, ...)."""
        ...

    def forget(self) -> None:
        """Drop what was passed on, once every block is read."""
        ...


class LocalCommunicator:
    """The communicator of one process that runs all hosts, one after another. Nothing has to travel."""

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
