"""Answers in a source's own words: decoding that can only produce a contiguous part of the source.

A small model finds where an answer stands more surely than it repeats the answer: asked freely it writes 100 %
where the page says 750 crowns. Here every next token must follow the answer so far somewhere in a source.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ..attention import Cancel, Observer
from ..kv.context import Context
from .next_token import AnswerState


@dataclass(frozen=True)
class Source:
    """A text that may be copied from.

    `begins`: offsets of the tokens with which a copy may begin. `ends`: offsets before which a copy may end;
    `len(token_ids)` must be one. Raises ValueError if a copy could not begin or not end.
    """

    token_ids: tuple[int, ...]
    begins: frozenset[int]
    ends: frozenset[int]

    def __post_init__(self) -> None:
        if not self.begins or not self.begins <= set(range(len(self.token_ids))):
            raise ValueError("a copy must be able to begin at some token of the source")
        if len(self.token_ids) not in self.ends:
            raise ValueError("a copy must be able to end where the source does")


class CopyingState:
    """The log-probabilities of `inner`, but -inf for every token with which the answer would leave all sources.

    `closing`: tokens with which the model would end. Where a copy may end, `stop_id` gets the highest
    log-probability of them and of its own. Raises ValueError if there is no source.
    """

    def __init__(
        self, inner: AnswerState, sources: Sequence[Source], closing: frozenset[int], stop_id: int
    ) -> None:
        if not sources:
            raise ValueError("there is nothing to copy from")
        self._inner = inner
        self._closing = sorted(closing | {stop_id})
        self._stop_id = stop_id
        # The next token must be the one at one of these offsets in a source.
        self._offsets = [(source, offset) for source in sources for offset in sorted(source.begins)]
        self._begun = False

    @property
    def context(self) -> Context:
        return self._inner.context

    def step(
        self,
        token_ids: Sequence[int],
        observer: Observer | None = None,
        cancelled: Cancel | None = None,
    ) -> Tensor:
        """Append the question, later tokens of the copy; return log-probabilities of the next, fp32 (vocabulary,).

        Raises Cancelled.
        """
        log_probabilities = self._inner.step(token_ids, observer, cancelled)
        if self._begun:
            for token in token_ids:
                self._offsets = [
                    (source, offset + 1)
                    for source, offset in self._offsets
                    if offset < len(source.token_ids) and source.token_ids[offset] == token
                ]
        may_end = self._begun and any(offset in source.ends for source, offset in self._offsets)
        self._begun = True
        following = {source.token_ids[offset] for source, offset in self._offsets if offset < len(source.token_ids)}
        if may_end:
            following -= set(self._closing)
        masked = torch.full_like(log_probabilities, -torch.inf)
        chosen = torch.tensor(sorted(following), dtype=torch.long, device=masked.device)
        masked[chosen] = log_probabilities[chosen]
        if may_end:
            masked[self._stop_id] = log_probabilities[self._closing].max()
        return masked
