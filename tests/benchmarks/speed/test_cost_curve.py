"""The fitted cost of full attention."""

from __future__ import annotations

import pytest
from benchmarks.speed.cost_curve import CostCurve

LENGTHS = [2048, 8192, 16384, 32768]
TRUE = CostCurve(1.2e-3, 2.3e-7)


def test_the_fit_recovers_known_coefficients() -> None:
    fitted = CostCurve.fit(LENGTHS, [TRUE.seconds(tokens) for tokens in LENGTHS])
    assert fitted.linear == pytest.approx(TRUE.linear)
    assert fitted.square == pytest.approx(TRUE.square)
    assert fitted.seconds(131072) == pytest.approx(1.2e-3 * 131072 + 2.3e-7 * 131072**2)


def test_short_texts_count_as_much_as_long_ones() -> None:
    """The longest text is a tenth too slow; least squares of absolute errors would follow it closely."""
    seconds = [TRUE.seconds(tokens) for tokens in LENGTHS]
    fitted = CostCurve.fit(LENGTHS, [seconds[0], *seconds[1:3], 1.1 * seconds[3]])
    residuals = [fitted.residual(*point) for point in zip(LENGTHS, [*seconds[:3], 1.1 * seconds[3]], strict=True)]
    assert residuals[3] < -0.01
    assert max(abs(one) for one in residuals) < 0.1


def test_a_residual_is_relative_to_what_was_measured() -> None:
    assert CostCurve(1.0, 0.0).residual(110, 100.0) == pytest.approx(0.1)
    assert CostCurve(1.0, 0.0).residual(90, 100.0) == pytest.approx(-0.1)


def test_one_length_leaves_it_open() -> None:
    with pytest.raises(ValueError, match="two lengths"):
        CostCurve.fit([2048, 2048], [1.0, 1.1])
