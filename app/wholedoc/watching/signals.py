"""When something in a folder has changed: watchfiles says so, and time does."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

# A folder is looked at so often even if nothing is said of it: some file systems tell nobody what changes.
LOOK_AGAIN_S = 60.0
_WAKE_MS = 1000


class Signals:
    """Changes in some folders, each watched by itself: what watches whole trees would follow the links in them."""

    def __init__(self, folders: Sequence[Path], stop: threading.Event) -> None:
        """Begin to watch. Raises OSError if the system lets nobody watch these folders."""
        from watchfiles import watch

        self._stop = stop
        self._changes: Iterator[Any] = watch(
            *folders,
            recursive=False,
            watch_filter=None,
            stop_event=stop,
            rust_timeout=_WAKE_MS,
            yield_on_timeout=True,
        )
        # It watches from the first look on, so that what changes after this is not missed.
        next(self._changes, None)

    def wait(self, seconds: float) -> None:
        """Wait until something changes, or is stopped, for at most so many seconds (about a second more)."""
        deadline = time.monotonic() + seconds
        while not self._stop.is_set() and time.monotonic() < deadline:
            if next(self._changes, None):
                return
