"""A model whose predictions are written down beforehand."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from parallelcomp import Context, Observer


def wanting(vocabulary: int, *tokens: int) -> list[float]:
    """Return logits (vocabulary,) that are highest for the first of `tokens`, then for the second, and so on."""
    row = [0.0] * vocabulary
    for rank, token in enumerate(tokens):
        row[token] = 20.0 - rank
    return row


class Scripted:
    """An AnswerState that predicts by one row of logits a step, and by the last row from there on."""

    context: Context

    def __init__(self, rows: Sequence[Sequence[float]]) -> None:
        self.rows = [torch.tensor(row) for row in rows]
        self.steps = 0

    def step(
        self,
        token_ids: Sequence[int],
        observer: Observer | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> Tensor:
        row = self.rows[min(self.steps, len(self.rows) - 1)]
        self.steps += 1
        return row.log_softmax(dim=-1)
