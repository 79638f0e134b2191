"""The cost of reading with full attention: a line for the weights, a parabola for what looks back at everything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class CostCurve:
    """Seconds to read n tokens: `linear` * n + `square` * n^2."""

    linear: float
    square: float

    @classmethod
    def fit(cls, tokens: Sequence[int], seconds: Sequence[float]) -> CostCurve:
        """The curve with the least squares of the relative errors, so that short texts count as much as long ones.

        Raises ValueError for less than two lengths, which would leave it open.
        """
        if len(set(tokens)) < 2:
            raise ValueError(f"a cost curve needs at least two lengths, got {sorted(set(tokens))}")
        count, measured = np.array(tokens, dtype=np.float64), np.array(seconds, dtype=np.float64)
        terms = np.stack([count, count**2], axis=1) / measured[:, None]
        linear, square = np.linalg.lstsq(terms, np.ones(len(count)))[0]
        return cls(float(linear), float(square))

    def seconds(self, tokens: int) -> float:
        """What the curve says reading `tokens` tokens takes."""
        return self.linear * tokens + self.square * tokens**2

    def residual(self, tokens: int, seconds: float) -> float:
        """By which share of `seconds`, measured, the curve is too high (or, negative, too low)."""
        return self.seconds(tokens) / seconds - 1
