"""What becomes of a step of work that a device has too little memory for: all that it held is freed."""

from __future__ import annotations

import gc
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from parallelcomp import DeviceMemoryError


@contextmanager
def freed_when_full() -> Iterator[None]:
    """Raise DeviceMemoryError in place of torch's error, once everything that the failed work held is freed.

    The frames that torch's error leads to would keep their tensors for as long as anybody keeps the error.
    """
    try:
        yield
        return
    except torch.OutOfMemoryError as error:
        traceback.clear_frames(error.__traceback__)
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    raise DeviceMemoryError(
        "the device ran out of memory in the middle of its work, perhaps because another program uses it too; what "
        "this took is free again, so ask again; if it happens again, choose a lower --precision, a smaller "
        "--chunk-tokens or a smaller model"
    )
