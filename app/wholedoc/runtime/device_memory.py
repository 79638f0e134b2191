"""What becomes of a step of work that a device has too little memory for: all that it held is freed."""

from __future__ import annotations

import gc
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from parallelcomp import DeviceMemoryError

# How torch says it where its error has no type of its own: Apple's GPU and pinned memory, a CPU, and cuBLAS.
FULL = ("out of memory", "can't allocate memory", "CUBLAS_STATUS_ALLOC_FAILED")


def says_full(error: BaseException) -> bool:
    """Return whether an error of torch's says that there is no memory left, on a device or on the host."""
    return isinstance(error, torch.OutOfMemoryError) or any(words in str(error) for words in FULL)


@contextmanager
def freed_when_full() -> Iterator[None]:
    """Raise DeviceMemoryError in place of torch's error, once everything that the failed work held is freed.

    The frames that torch's error leads to would keep their tensors for as long as anybody keeps the error.
    """
    try:
        yield
        return
    except RuntimeError as error:
        if not says_full(error):
            raise
        traceback.clear_frames(error.__traceback__)
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    if torch.backends.mps.is_available():
        torch.mps.empty_cache()
    raise DeviceMemoryError(
        "the device ran out of memory in the middle of its work, perhaps because another program uses it too; what "
        "this took is free again, so ask again; if it happens again, choose a lower --precision, a smaller "
        "--chunk-tokens or a smaller model"
    )
