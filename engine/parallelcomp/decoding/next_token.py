"""What decoding asks of whatever predicts the next token."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from torch import Tensor

from ..attention import Observer
from ..kv.context import Context

Cancel = Callable[[], bool]


class NextTokenModel(Protocol):
    """What decoding needs: log-probabilities of the next token."""

    def step(
        self,
        token_ids: Sequence[int],
        observer: Observer | None = None,
        cancelled: Cancel | None = None,
    ) -> Tensor:
        """Append tokens; log-probabilities of the next, fp32 (vocabulary,). Raises Cancelled."""
        ...


class AnswerState(NextTokenModel, Protocol):
    """The same, over one context."""

    @property
    def context(self) -> Context: ...
