"""What a layer adds to plain causal attention: a sliding window, and attention sinks.

A sliding layer sees by position, not by slot: of a context whose chunks were all read at the same positions, a
query sees the end of every chunk, and nothing of what lies further back than the window.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ..errors import UnsupportedModelError

# Returns the positions of a layer's filled slots, int64 (batch or 1, kv_heads or 1, slots), given their number.
KeyPositions = Callable[[int, int], Tensor]

# What transformers passes to every attention function, and what does not change what is to be computed.
WITHOUT_MEANING = frozenset(
    {"position_ids", "use_cache", "output_attentions", "output_hidden_states", "output_router_logits", "is_causal"}
)


@dataclass(frozen=True)
class Limits:
    """How one layer departs from plain causal attention in one pass.

    `window`: how many positions back a query sees, its own included; None for all. `sinks`: a logit for each query
    head, (query_heads,), that takes part in the softmax and stands for no key. `key_positions`: int64 (batch or 1,
    kv_heads or 1, keys); None where a key's slot says its position.
    """

    window: int | None = None
    sinks: Tensor | None = None
    key_positions: Tensor | None = None

    def hide(self, visible: Tensor) -> Tensor:
        """Return which keys are visible, bool (batch or 1, 1 or kv_heads, queries, keys), less those that lie
        before the window. The last queries are those of the last keys."""
        if self.window is None:
            return visible
        queries, keys = visible.shape[-2:]
        positions = self.key_positions
        if positions is None:
            positions = torch.arange(keys, device=visible.device)[None, None]
        of_queries = positions[..., keys - queries :]
        return visible & (positions[..., None, :] > of_queries[..., :, None] - self.window)

    def first_visible(self, slot: int) -> int:
        """Return a slot before which the query at `slot` sees nothing."""
        if self.window is None or self.key_positions is not None:
            return 0
        return max(0, slot + 1 - self.window)

    def of_slots(self, first: int, stop: int) -> Limits:
        """Return the limits of the keys from slot `first` to `stop` alone."""
        positions = None if self.key_positions is None else self.key_positions[..., first:stop]
        return Limits(self.window, self.sinks, positions)


PLAIN = Limits()


def refuse_unknown(others: dict[str, Any]) -> None:
    """Raise UnsupportedModelError if a model passes something that would change what its attention computes."""
    unknown = sorted(name for name, value in others.items() if value is not None and name not in WITHOUT_MEANING)
    if unknown:
        raise UnsupportedModelError(
            f"this model wants its attention computed with {', '.join(unknown)}, which the engine does not know; "
            "without it, every answer would be wrong: choose another model, or another version of transformers"
        )
