"""CORM (arXiv 2404.15949): a key that none of the recent queries needs is dropped; there is no fixed budget."""

from __future__ import annotations

from torch import Tensor

from .policy import LayerContext, Policy, best


class Corm(Policy):
    """A query needs a key if it pays it more than its mean attention: 1 / the number of keys that it sees.

    The recent queries are those of the question's last tokens. All heads of a layer keep as many tokens as the head
    that needs most, so that their KV is one tensor, but no more than the capacity; tokens that are needed least go
    first.
    """

    def evicts(self, tokens: int) -> bool:
        return tokens > 1

    def observe(self, attention_weights: Tensor, visible: Tensor) -> Tensor:
        """Return the most attention that any query pays to each key, in multiples of the query's mean attention.

        A key is needed where this exceeds 1.
        """
        return (attention_weights * visible[:, None, None, :, None]).amax(dim=(2, 3))

    def keep(self, context: LayerContext, seen: Tensor) -> Tensor:
        needed = int((seen > 1).sum(dim=1).max())
        return best(seen, min(max(needed, 1), self.eviction.capacity))
