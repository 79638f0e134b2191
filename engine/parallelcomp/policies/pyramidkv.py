"""PyramidKV (arXiv 2406.02069): attention spreads in lower layers and gathers in upper ones, and so does room."""

from __future__ import annotations

from .policy import Place
from .snapkv import SnapKV


class PyramidKV(SnapKV):
    """SnapKV's choice with a budget that falls linearly from the first layer to the last, `capacity` in the mean.

    The last layer keeps capacity / steepness, the first as much more than capacity as the last keeps less. Where
    the first would keep more than the chunk has, the pyramid is flatter.
    """

    def budget(self, place: Place) -> int:
        capacity = self.eviction.capacity
        least = capacity / self.settings.steepness
        if 2 * capacity - least > place.tokens:
            least = 2 * capacity - place.tokens
        most = 2 * capacity - least
        depth = place.layer / max(place.layers - 1, 1)
        return max(1, round(most - depth * (most - least)))
