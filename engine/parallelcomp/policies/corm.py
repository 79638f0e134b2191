"""CORM (arXiv 2404.15949): a key that none of the recent queries needs is dropped; there is no fixed budget."""

from __future__ import annotations

from torch import Tensor

from .policy import LayerContext, Policy, best


class Corm(Policy):
    """A query needs a key to which it pays more than an even share: more than 1 / the number of keys it sees.

    The recent queries are the question's last. The heads of a layer keep as many tokens as the head that needs
    most, so that their KV is one tensor, but no more than the capacity; what was needed least goes first.
    """

    def evicts(self, tokens: int) -> bool:
        return tokens > 1

    def observe(self, attention_weights: Tensor, visible: Tensor) -> Tensor:
        """The most that any query paid to a key, in even attention_weights: it is needed where that exceeds 1."""
        return (attention_weights * visible[:, None, None, :, None]).amax(dim=(2, 3))

    def keep(self, context: LayerContext, seen: Tensor) -> Tensor:
        needed = int((seen > 1).sum(dim=1).max())
        return best(seen, min(max(needed, 1), self.eviction.capacity))
