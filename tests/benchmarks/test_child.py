"""A measurement in a process of its own."""

from __future__ import annotations

import subprocess

import pytest
from benchmarks.child import Result, in_child
from benchmarks.report import peak_gigabytes


def peak(held: int) -> Result:
    return {"held": held, "peak_gb": peak_gigabytes()}


def fail(_: None) -> Result:
    raise ValueError("on purpose")


def test_its_peak_memory_is_not_that_of_the_process_that_started_it() -> None:
    """The peak that getrusage reports would be more than the parent's."""
    held = bytearray(600_000_000)
    assert peak_gigabytes() > 0.6
    child = in_child(peak, len(held))
    assert child["held"] == 600_000_000
    assert 0.005 < child["peak_gb"] < 0.5


def test_a_measurement_that_fails_is_an_error() -> None:
    with pytest.raises(subprocess.CalledProcessError):
        in_child(fail, None)
