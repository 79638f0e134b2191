"""Which device there is, and which number format it computes in fastest."""

from __future__ import annotations

import torch


def default_device() -> torch.device:
    """Return the CUDA device where there is one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def default_dtype(device: torch.device) -> torch.dtype:
    """Return bf16 where the device multiplies it natively (a T4 does not), else fp32 on a CPU and fp16 on a GPU.

    On a CPU with bf16 instructions, bf16 is nearly twice as fast as fp32; docs/benchmarks.md says what it costs in
    exactness.
    """
    if device.type == "cpu":
        return torch.bfloat16 if has_amx() or _cpu_has("_is_avx512_bf16_supported") else torch.float32
    return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float16


def has_amx() -> bool:
    """Whether the CPU multiplies tiles of bf16."""
    return _cpu_has("_is_amx_tile_supported")


def _cpu_has(check: str) -> bool:
    """Whether a check of torch's holds for the CPU. torch has these checks as private functions only."""
    function = getattr(torch.cpu, check, None)
    return function is not None and bool(function())
