"""Which device is chosen, and in which number format it computes; nothing here needs one."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from parallelcomp import EngineConfig, default_device, default_dtype, is_usable, plan
from parallelcomp.devices import device_name
from parallelcomp.memory import free_bytes

from .tiny import pair

MPS = torch.device("mps")


@pytest.mark.parametrize(
    ("cuda", "mps", "chosen"), [(True, True, "cuda"), (False, True, "mps"), (False, False, "cpu")]
)
def test_a_gpu_is_chosen_where_there_is_one(
    cuda: bool, mps: bool, chosen: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
    assert default_device().type == chosen
    usable = {"cuda": cuda, "mps": mps, "cpu": True}
    assert {name: is_usable(torch.device(name)) for name in usable} == usable


@pytest.mark.parametrize(("newer", "dtype"), [(True, torch.bfloat16), (False, torch.float16)])
def test_apples_gpu_computes_in_bf16_from_macos_14_on(
    newer: bool, dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[int, ...]] = []

    def is_newer(*version: int) -> bool:
        asked.append(version)
        return newer

    monkeypatch.setattr(torch.backends.mps, "is_macos_or_newer", is_newer)
    assert default_dtype(MPS) is dtype
    assert asked == [(14, 0)]
    assert device_name(MPS) == "Apple GPU"


@pytest.mark.parametrize(("most", "free", "left"), [(9000, 10**6, 8000), (9000, 500, 500), (700, 10**6, 0)])
def test_apples_gpu_takes_its_memory_from_the_hosts_and_only_a_part_of_it(
    most: int, free: int, left: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.mps, "recommended_max_memory", lambda: most)
    monkeypatch.setattr(torch.mps, "current_allocated_memory", lambda: 1000)
    monkeypatch.setattr("parallelcomp.memory._free_host_bytes", lambda: free)
    assert free_bytes(MPS) == left


def test_unified_memory_is_counted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """KV that does not fit the GPU's share fits nowhere: the host's memory is the same memory."""
    monkeypatch.setattr("parallelcomp.memory._free_host_bytes", lambda: 10**12)
    spec = dataclasses.replace(pair("llama 4/4").spec, device=MPS)
    cuda = dataclasses.replace(spec, device=torch.device("cuda"))
    config = EngineConfig(chunk_tokens=64)
    apple, other = (plan(one, 10**6, config, free=10**8) for one in (spec, cuda))
    assert not apple.fits
    assert apple.kv_device == MPS
    assert other.fits
    assert other.kv_device.type == "cpu"
