"""ParallelComp's own policy (arXiv 2502.14317, section 3.2): what the question's last tokens attend to."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from .policy import LayerContext, Policy, best


class QuestionAttention(Policy):
    """Attention is max-pooled over neighbours, so that a token stays with its surroundings."""

    def keep(self, context: LayerContext, seen: Tensor) -> Tensor:
        kernel = self.eviction.pooling_kernel
        pooled = F.max_pool1d(seen[None], kernel, stride=1, padding=kernel // 2)[0]
        return best(pooled, self.eviction.capacity)
