"""Who does what is done once for all processes that share a folder: reading a document, working on a job.

The operating system gives a lock back when its process ends, however it ends, so that another one goes on. That
holds on one machine, and on NFS from version 4 (there a machine that vanished keeps its locks for the server's
lease time, 90 seconds by default).
"""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

LOCK = ".lock"


class Leases:
    """A folder of locks by name. Within this process a lease can be taken several times."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._guard = threading.Lock()
        self._locks: dict[str, FileLock] = {}
        self._taken: Counter[str] = Counter()

    @contextmanager
    def take(self, name: str) -> Iterator[bool]:
        """Try to take a lease for the block. Gives False if another process has it. Raises OSError."""
        taken = self._acquire(name)
        try:
            yield taken
        finally:
            if taken:
                self._release(name)

    def _acquire(self, name: str) -> bool:
        with self._guard:
            if not self._taken[name]:
                self._folder.mkdir(parents=True, exist_ok=True)
                lock = FileLock(self._folder / f"{name}{LOCK}", thread_local=False)
                try:
                    lock.acquire(blocking=False)
                except Timeout:
                    return False
                self._locks[name] = lock
            self._taken[name] += 1
            return True

    def _release(self, name: str) -> None:
        with self._guard:
            self._taken[name] -= 1
            if not self._taken[name]:
                del self._taken[name]
                lock = self._locks.pop(name)
                with suppress(OSError):  # while it is held, so that nobody is left with a lock on a deleted file
                    os.unlink(lock.lock_file)
                lock.release()
