"""StreamingLLM (arXiv 2309.17453): attention sinks at the start, and a sliding window at the end."""

from __future__ import annotations

import torch
from torch import Tensor

from .policy import LayerContext, Policy


class StreamingLLM(Policy):
    """Keeps the first `sink_tokens` tokens of a chunk and its last ones, whatever the attention.

    Positions stay as they were read, while the paper counts them anew inside its cache.
    """

    def window(self, asked: int) -> int:
        return 0

    def keep(self, context: LayerContext, seen: Tensor) -> Tensor:
        capacity = self.eviction.capacity
        sinks = min(self.settings.sink_tokens, capacity)
        recent = torch.arange(context.tokens - capacity + sinks, context.tokens)
        return torch.cat([torch.arange(sinks), recent]).expand(context.kv_heads, -1)
