"""Measures reading and asking on one CUDA device against full attention, with random weights of a known shape.

Run it as `python benchmarks/gpu.py` or `python -m benchmarks.gpu` in a plain checkout. It needs torch and
transformers; with the app's packages it also reads through the store, as users do. It takes at most eight minutes,
and every figure is written to the JSON file as soon as it is measured.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NO_DEVICE = 2


def main() -> int:
    started = time.monotonic()
    sys.path[:0] = [str(ROOT), str(ROOT / "engine"), str(ROOT / "app")]
    import torch

    from benchmarks.accelerator.run import run
    from benchmarks.accelerator.settings import FULL, QUICK
    from benchmarks.accelerator.shapes import SHAPES
    from benchmarks.accelerator.timing import Deadline

    parser = argparse.ArgumentParser(prog="gpu.py", description=__doc__)
    parser.add_argument("--out", type=Path, default=default_out(), help="the JSON file (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=480, help="stop after this many seconds (default: 480)")
    parser.add_argument("--quick", action="store_true", help="a tiny model and short documents, also on a CPU")
    parser.add_argument("--shape", choices=SHAPES, help="the model's shape (default: llama-3-8b, quick: tiny)")
    arguments = parser.parse_args()
    if not torch.cuda.is_available() and not arguments.quick:
        print("gpu.py needs a CUDA device, and torch finds none; --quick tries it out on a CPU", file=sys.stderr)
        return NO_DEVICE
    settings = QUICK if arguments.quick else FULL
    shape = arguments.shape or ("tiny" if arguments.quick else "llama-3-8b")
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    failed = run(shape, settings, device, arguments.out, Deadline(started, arguments.seconds))
    return 1 if failed else 0


def default_out() -> Path:
    """Return $OUT/gpu.json if OUT is set, else gpu.json beside the other benchmarks' results."""
    folder = os.environ.get("OUT")
    return (Path(folder) if folder else ROOT / "benchmarks" / "results") / "gpu.json"


if __name__ == "__main__":
    sys.exit(main())
