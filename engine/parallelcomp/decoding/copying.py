"""An answer in the source's own words: decoding that may only say what stands there, from one place to another.

A small model finds the place of an answer more surely than it repeats it: asked freely it writes 100 % where the
page says 750 crowns. Here every next token is one that follows what was said so far somewhere in the source.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ..attention import Observer
from ..kv.context import Context
from .next_token import AnswerState


@dataclass(frozen=True)
class Source:
    """A text that may be copied from: `token_ids`, the places where a copy may begin, and those that it may end
    before (`len(token_ids)` is one). Raises ValueError if a copy could not begin or not end."""

    token_ids: tuple[int, ...]
    begins: frozenset[int]
    ends: frozenset[int]

    def __post_init__(self) -> None:
        if not self.begins or not self.begins <= set(range(len(self.token_ids))):
            raise ValueError("a copy must be able to begin at some token of the source")
        if len(self.token_ids) not in self.ends:
            raise ValueError("a copy must be able to end where the source does")


class CopyingState:
    """Log-probabilities of `inner` in which nothing has a chance that would leave the sources.

    `closing`: tokens by which the model wants to end; where a copy may end they count together as `stop_id`.
    Raises ValueError if there is no source.
    """

    def __init__(
        self, inner: AnswerState, sources: Sequence[Source], closing: frozenset[int], stop_id: int
    ) -> None:
        if not sources:
            raise ValueError("there is nothing to copy from")
        self._inner = inner
        self._closing = sorted(closing | {stop_id})
        self._stop_id = stop_id
        # Where the copy may stand: what is said next is the token at one of these places.
        self._places = [(source, place) for source in sources for place in sorted(source.begins)]
        self._begun = False

    @property
    def context(self) -> Context:
        return self._inner.context

    def step(
        self,
        token_ids: Sequence[int],
        observer: Observer | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> Tensor:
        """Append the question, then tokens of the copy; log-probabilities of the next, fp32 (vocabulary,).

        Raises Cancelled.
        """
        log_probabilities = self._inner.step(token_ids, observer, cancelled)
        if self._begun:
            for token in token_ids:
                self._places = [
                    (source, place + 1)
                    for source, place in self._places
                    if place < len(source.token_ids) and source.token_ids[place] == token
                ]
        may_end = self._begun and any(place in source.ends for source, place in self._places)
        self._begun = True
        following = {source.token_ids[place] for source, place in self._places if place < len(source.token_ids)}
        if may_end:
            following -= set(self._closing)
        masked = torch.full_like(log_probabilities, -torch.inf)
        chosen = torch.tensor(sorted(following), dtype=torch.long, device=masked.device)
        masked[chosen] = log_probabilities[chosen]
        if may_end:
            masked[self._stop_id] = log_probabilities[self._closing].max()
        return masked
