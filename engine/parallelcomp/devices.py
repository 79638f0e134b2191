"""Which device there is, and which number format it computes in fastest."""

from __future__ import annotations

import torch

# The first macOS whose GPU driver has bf16.
MACOS_WITH_BF16 = (14, 0)
# Devices that compute in the host's own memory, so that there is no other memory beside it.
SHARING_HOST_MEMORY = frozenset({"cpu", "mps"})


def default_device() -> torch.device:
    """Return the CUDA device where there is one, Apple's GPU where there is that, else the CPU."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def default_dtype(device: torch.device) -> torch.dtype:
    """Return bf16 where the device multiplies it natively (a T4 does not), else fp32 on a CPU and fp16 on a GPU.

    On a CPU with bf16 instructions, bf16 is nearly twice as fast as fp32; docs/benchmarks.md says what it costs in
    exactness.
    """
    if device.type == "cpu":
        return torch.bfloat16 if has_amx() or _cpu_has("_is_avx512_bf16_supported") else torch.float32
    if device.type == "mps":
        has_bf16 = torch.backends.mps.is_macos_or_newer(*MACOS_WITH_BF16)
        return torch.bfloat16 if has_bf16 else torch.float16
    return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float16


def is_usable(device: torch.device) -> bool:
    """Return whether this machine has such a device."""
    if device.type == "mps":
        return bool(torch.backends.mps.is_available())
    return device.type != "cuda" or torch.cuda.is_available()


def synchronize(device: torch.device) -> None:
    """Wait until the device has done what it was given; a CPU has."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()


def device_name(device: torch.device) -> str:
    """Return what a speed that was measured on this device depends on."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return "Apple GPU" if device.type == "mps" else f"cpu x{torch.get_num_threads()}"


def has_amx() -> bool:
    """Whether the CPU multiplies tiles of bf16."""
    return _cpu_has("_is_amx_tile_supported")


def _cpu_has(check: str) -> bool:
    """Whether a check of torch's holds for the CPU. torch has these checks as private functions only."""
    function = getattr(torch.cpu, check, None)
    return function is not None and bool(function())
