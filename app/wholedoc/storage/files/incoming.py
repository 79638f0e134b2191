"""Files on their way into the library: in private folders that go with their use, or else at the next start."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

LOCK = ".lock"


@dataclass(frozen=True)
class Incoming:
    """A folder of private folders. Each has a lock beside it, which the process that uses it holds.

    The operating system gives a lock back when its process ends, however it ends. So a folder whose lock is free
    belongs to nobody. That is known without process ids, which are used again and differ between containers.
    """

    folder: Path

    @contextmanager
    def private(self) -> Iterator[Path]:
        """Make a folder that only this user can read, and remove it after the block. Raises OSError."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self.folder / secrets.token_hex(8)
        lock = _lock(path)
        with lock:  # first the lock, so that nobody takes the new folder for one that was left
            path.mkdir(mode=0o700)
            try:
                yield path
            finally:
                _remove(path, lock)

    def remove_abandoned(self) -> int:
        """Remove the folders of processes that were killed. Returns how many there were.

        What cannot be removed stays for the next time.
        """
        removed = 0
        with suppress(OSError):
            for file in list(self.folder.glob(f"*{LOCK}")):
                lock = _lock(file.with_suffix(""))
                with suppress(Timeout), lock.acquire(blocking=False):
                    _remove(file.with_suffix(""), lock)
                    removed += 1
        return removed


def _lock(path: Path) -> FileLock:
    """A lock that another thread than the one which took it may give back."""
    return FileLock(path.with_suffix(LOCK), thread_local=False)


def _remove(path: Path, lock: FileLock) -> None:
    """Remove a folder, and then its lock, which is held until both are gone."""
    shutil.rmtree(path, ignore_errors=True)
    if not path.exists():
        with suppress(FileNotFoundError):
            os.unlink(lock.lock_file)
