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


class SeveralTokensModel(NextTokenModel, Protocol):
    """One that predicts behind each of several tokens at once, and takes back those that were guessed wrongly."""

    def step_each(self, token_ids: Sequence[int], cancelled: Cancel | None = None) -> Tensor:
        """Append tokens; return log-probabilities behind each, fp32 (tokens, vocabulary). Raises Cancelled."""
        ...

    def take_back(self, tokens: int) -> None:
        """Leave the context as if the last `tokens` tokens had not been appended."""
        ...


class AnswerState(NextTokenModel, Protocol):
    """A next-token model over one context."""

    @property
    def context(self) -> Context: ...
