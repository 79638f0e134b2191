"""Content as a file that other processes of this user can read, without being written to a disk."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def file_in_memory(content: bytes) -> Iterator[Path]:
    """Give the path of a file with this content for the block.

    On Linux it lies in memory alone. Elsewhere it is a file in the temporary folder that this user alone can read.
    Raises OSError.
    """
    if sys.platform != "linux":
        with tempfile.NamedTemporaryFile() as file:
            file.write(content)
            file.flush()
            yield Path(file.name)
        return
    handle = os.memfd_create("wholedoc")
    try:
        with os.fdopen(handle, "wb", closefd=False) as file:
            file.write(content)
        yield Path(f"/proc/{os.getpid()}/fd/{handle}")
    finally:
        os.close(handle)
