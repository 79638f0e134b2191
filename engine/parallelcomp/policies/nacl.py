"""NACL (arXiv 2408.03675): most tokens are chosen by proxy tokens' attention, the rest drawn at random."""

from __future__ import annotations

import torch
from torch import Tensor

from .policy import LayerContext, Policy, best


class Nacl(Policy):
    """The proxy tokens are the question's last tokens.


    `random_share` of the capacity is drawn without replacement from the softmax of the scores of the tokens that
    were not chosen, for every head by itself, since a token to which no proxy attends may still be needed. The same
    seed, chunk and layer draw the same tokens again.
    """

    def keep(self, context: LayerContext, seen: Tensor) -> Tensor:
        drawn = round(self.eviction.capacity * self.settings.random_share)
        chosen = best(seen, self.eviction.capacity - drawn)
        if not drawn:
            return chosen
        chances = seen.softmax(dim=-1).scatter(1, chosen, 0.0)
        others = torch.multinomial(chances, drawn, generator=self._generator(context))
        return torch.cat([chosen, others], dim=1).sort(dim=-1).values

    def _generator(self, context: LayerContext) -> torch.Generator:
        seed = (self.settings.seed * 1_000_003 + context.chunk) * context.layers + context.layer
        return torch.Generator().manual_seed(seed)
