"""How fast a figure grows over time, with its error."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Slope:
    """Growth per second and its standard error. Both are None where there are too few points."""

    per_second: float | None
    error: float | None


def slope(lives: Sequence[Sequence[tuple[float, float]]]) -> Slope:
    """Fit one slope to points (second, figure) of several lives of a process, each of which starts where it likes.

    The error is that of independent points. Neighbouring samples are not independent, so it is the least.
    """
    told = [life for life in lives if len(life) > 1]
    centred = [point for life in told for point in _centred(life)]
    squares = sum(x * x for x, _ in centred)
    freedom = len(centred) - len(told) - 1
    if not squares or freedom < 1:
        return Slope(None, None)
    per_second = sum(x * y for x, y in centred) / squares
    rest = sum((y - per_second * x) ** 2 for x, y in centred)
    return Slope(per_second, math.sqrt(rest / freedom / squares))


def _centred(life: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    x = sum(one for one, _ in life) / len(life)
    y = sum(one for _, one in life) / len(life)
    return [(one - x, other - y) for one, other in life]
