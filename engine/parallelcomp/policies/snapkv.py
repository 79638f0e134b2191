"""SnapKV (arXiv 2404.14469): what the prompt's end attends to, smoothed by a mean over neighbours."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from .policy import LayerContext, Policy, best


class SnapKV(Policy):
    """The observation window is the question's end, as it is the prompt's end in the paper.

    The window's own KV, which the paper keeps beside the capacity, comes after the chunks here and always stays.
    """

    def budget(self, context: LayerContext) -> int:
        """Return how many tokens a layer keeps of a chunk."""
        return self.eviction.capacity

    def keep(self, context: LayerContext, seen: Tensor) -> Tensor:
        kernel = self.eviction.pooling_kernel
        pooled = F.avg_pool1d(seen[None], kernel, stride=1, padding=kernel // 2)[0]
        return best(pooled, self.budget(context))
