"""PyramidKV (arXiv 2406.02069): attention spreads over more tokens in lower layers, so these keep more."""

from __future__ import annotations

from .policy import LayerContext
from .snapkv import SnapKV


class PyramidKV(SnapKV):
    """SnapKV's choice with a budget that falls linearly from the first layer to the last, `capacity` in the mean.

    The last layer keeps capacity / steepness tokens, and the first exceeds capacity by as much as the last falls
    short of it. If the first would keep more tokens than the chunk has, the pyramid is flatter.
    """

    def budget(self, context: LayerContext) -> int:
        capacity = self.eviction.capacity
        least = capacity / self.settings.steepness
        if 2 * capacity - least > context.tokens:
            least = 2 * capacity - context.tokens
        most = 2 * capacity - least
        depth = context.layer / max(context.layers - 1, 1)
        return max(1, round(most - depth * (most - least)))
