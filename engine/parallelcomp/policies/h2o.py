"""H2O (arXiv 2306.14048): heavy hitters, the tokens that all queries together attend to most, and the last ones."""

from __future__ import annotations

from torch import Tensor

from .policy import LayerContext, Policy, best


class H2O(Policy):
    """Attention is accumulated over every query of the question.

    The chunk's own queries do not count, unlike in the paper: they are not stored, and what a chunk attends to in
    itself is not what it is asked for.
    """

    def window(self, asked: int) -> int:
        return asked

    def keep(self, context: LayerContext, seen: Tensor) -> Tensor:
        recent = round(self.eviction.capacity * self.settings.recent_share)
        scores = seen.clone()
        scores[:, context.tokens - recent :] = float("inf")
        return best(scores, self.eviction.capacity)
