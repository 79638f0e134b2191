"""The interface between decoding and what predicts the next token."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from torch import Tensor

from ..attention.attention import Cancel, Observer
from ..kv.context import Context


class NextTokenModel(Protocol):
    """Anything that predicts the next token."""

    def step(
        self,
        token_ids: Sequence[int],
        observer: Observer | None = None,
        cancelled: Cancel | None = None,
    ) -> Tensor:
        """Append tokens; return log-probabilities of the next, fp32 (vocabulary,). Raises Cancelled."""
        ...


class AnswerState(NextTokenModel, Protocol):
    """A next-token model over one context."""

    @property
    def context(self) -> Context: ...
