"""The devices to test on, and one thread, as the models are too small for several."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import torch

from parallelcomp import default_dtype

CUDA = torch.device("cuda")
DEVICES = [
    "cpu",
    pytest.param(
        "cuda",
        marks=[
            pytest.mark.cuda,
            pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device"),
        ],
    ),
]


@dataclass(frozen=True)
class Format:
    """A device, a number format, and how far a result in it may be from the exact one."""

    device: torch.device
    dtype: torch.dtype
    tolerance: float


def _formats() -> list[Any]:
    """fp32 and bf16 on every device; on a CUDA device bf16 is computed by the best flash kernel that there is."""
    made: list[Any] = []
    for dtype, tolerance in ((torch.float32, 1e-5), (torch.bfloat16, 0.04)):
        made.append(pytest.param(Format(torch.device("cpu"), dtype, tolerance), id=f"cpu-{dtype}"))
        there = torch.cuda.is_available() and (dtype is torch.float32 or default_dtype(CUDA) is dtype)
        marks = [pytest.mark.cuda, pytest.mark.skipif(not there, reason=f"needs a CUDA device with {dtype}")]
        made.append(pytest.param(Format(CUDA, dtype, tolerance), id=f"cuda-{dtype}", marks=marks))
    return made


@pytest.fixture(params=_formats())
def format(request: pytest.FixtureRequest) -> Format:
    """One after another, every device and number format that the engine computes in."""
    wanted: Format = request.param
    return wanted


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(params=DEVICES)
def device(request: pytest.FixtureRequest) -> torch.device:
    """One after another, every device that the engine runs on."""
    return torch.device(request.param)
