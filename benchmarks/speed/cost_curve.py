"""The cost of reading with full attention: linear in tokens for the weights, quadratic for attention."""

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
        """Fit a curve by least squares of relative errors, so that short texts count as much as long ones.

        Raises ValueError for fewer than two different lengths, which many curves would fit.
        """
        if len(set(tokens)) < 2:
            raise ValueError(f"a cost curve needs at least two lengths, got {sorted(set(tokens))}")
        count, measured = np.array(tokens, dtype=np.float64), np.array(seconds, dtype=np.float64)
        terms = np.stack([count, count**2], axis=1) / measured[:, None]
        linear, square = np.linalg.lstsq(terms, np.ones(len(count)))[0]
        return cls(float(linear), float(square))

    def seconds(self, tokens: int) -> float:
        """Return the seconds that the curve gives for reading `tokens` tokens."""
        return self.linear * tokens + self.square * tokens**2

    def residual(self, tokens: int, seconds: float) -> float:
        """Return how far the curve is above the measured `seconds`, as a share of them; negative if it is below."""
        return self.seconds(tokens) / seconds - 1
