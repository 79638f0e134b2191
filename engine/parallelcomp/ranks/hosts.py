"""The hosts of APB (arXiv 2502.12085) dealt to ranks: rank r runs the hosts r, r + size, ... one after another."""

from __future__ import annotations

import torch
from torch import Tensor

from ..errors import LayoutError
from .group import Ranks


class RankCommunicator:
    """A `Communicator` of hosts on several ranks, all of which must read the same document.

    Raises LayoutError unless every rank gets as many hosts as the others.
    """

    def __init__(self, ranks: Ranks, hosts: int) -> None:
        if hosts % ranks.size:
            raise LayoutError(
                f"{hosts} hosts cannot be shared out evenly among {ranks.size} ranks; take a multiple of "
                f"{ranks.size} hosts"
            )
        self.here = range(ranks.rank, hosts, ranks.size)
        self._ranks = ranks
        self._passed: dict[int, list[Tensor]] = {}

    def exchange(self, layer: int, host: int, passing: Tensor) -> Tensor:
        passed = self._passed.setdefault(layer, [])
        passed.extend(self._ranks.gather(passing))
        return torch.cat([passing[:, :, :0], *passed[:host]], dim=2)

    def gather(self, mine: Tensor) -> Tensor:
        return self._ranks.gather(mine).transpose(0, 1).flatten(0, 1)

    def forget(self) -> None:
        self._passed.clear()
