"""Describes the device, the versions and the kernels of a run, and measures how fast it multiplies matrices."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
from statistics import median
from typing import Any

import torch
import transformers
from torch.nn.attention import SDPBackend

from parallelcomp import LoadedModel, ModelSpec, usable_kernel
from parallelcomp.attention.kernels import Way, way

from .timing import timed

RUNS, PRODUCTS = 5, 20


def machine(device: torch.device) -> dict[str, Any]:
    """Return the device, the versions, the command and the date."""
    about: dict[str, Any] = {
        "command": shlex.join([sys.executable, *sys.argv]),
        "date": time.strftime("%Y-%m-%d %H:%M:%S %Z"),
        "python": sys.version.partition(" ")[0],
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "host_memory_gb": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9,
        "device": "cpu",
    }
    if device.type == "cuda":
        shown = torch.cuda.get_device_properties(device)
        about |= {
            "device": shown.name,
            "device_memory_gb": shown.total_memory / 1e9,
            "multiprocessors": shown.multi_processor_count,
            "cuda": torch.version.cuda,
            "cudnn": torch.backends.cudnn.version(),
            "driver": _driver(),
        }
    return about


def _driver() -> str | None:
    command = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
    try:
        asked = subprocess.run(command, capture_output=True, text=True, check=True, timeout=20)
    except (OSError, subprocess.SubprocessError):
        return None
    return asked.stdout.splitlines()[0].strip() if asked.stdout.strip() else None


def matrix_rate(side: int, device: torch.device, dtype: torch.dtype) -> tuple[float, list[float]]:
    """Return the FLOP/s of a product of two random square matrices, and the seconds of one product in each run.

    The rate is that of the median of RUNS runs. A run is PRODUCTS products, since one alone is too short to time.
    """
    left, right = (torch.randn(side, side, device=device, dtype=dtype) for _ in range(2))
    out = torch.empty_like(left)

    def products() -> None:
        for _ in range(PRODUCTS):
            torch.mm(left, right, out=out)

    products()  # warm up libraries and clocks
    each = [timed(device, products)[1] / PRODUCTS for _ in range(RUNS)]
    return 2 * side**3 / median(each), each


def memory_rate(nbytes: int, device: torch.device) -> float:
    """Return the bytes a second that are read and written where `nbytes` are copied, by the median of RUNS runs."""
    source = torch.zeros(nbytes, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    target.copy_(source)
    each = [timed(device, lambda: [target.copy_(source) for _ in range(PRODUCTS)])[1] for _ in range(RUNS)]
    return 2 * nbytes * PRODUCTS / median(each)


def kernels(loaded: LoadedModel, chunk_tokens: int, question_tokens: int) -> dict[str, str]:
    """Return how attention is computed when reading, scoring and decoding: what is asked, and which kernel runs."""
    spec = loaded.spec
    kernel = usable_kernel(spec.device, spec.dtype)
    plain = spec.device.type == "cpu" and spec.dtype is torch.bfloat16
    found: dict[str, str] = {}
    for name, queries in (("reading", chunk_tokens), ("scoring", question_tokens), ("decoding", 1)):
        asked = way(kernel, queries, chunk_tokens, padded=False, plain=plain)
        found[name] = f"{asked.value} ({kernel.value})"
        if asked is Way.CAUSAL:
            chosen = sdpa_choice(spec, spec.query_heads, queries, chunk_tokens, is_causal=True)
            found[name] = f"{asked.value}: {chosen.name}"
        elif asked is Way.PACKED:
            rows = spec.group * queries
            mask = torch.zeros(1, 1, rows, chunk_tokens, dtype=spec.dtype, device=spec.device)
            settings = {} if queries == 1 else {"attn_mask": mask}
            found[name] = f"{asked.value}: {sdpa_choice(spec, spec.kv_heads, rows, chunk_tokens, **settings).name}"
    return found


def sdpa_choice(spec: ModelSpec, heads: int, queries: int, keys: int, **settings: Any) -> SDPBackend:
    """Return the kernel that torch SDPA chooses for this shape, by a function that torch keeps private."""
    query = torch.zeros(1, heads, queries, spec.head_dim, dtype=spec.dtype, device=spec.device)
    key = torch.zeros(1, spec.kv_heads, keys, spec.head_dim, dtype=spec.dtype, device=spec.device)
    choice = torch._fused_sdp_choice(query, key, key, **settings, enable_gqa=heads != spec.kv_heads)
    return SDPBackend(choice)
