"""A folder on this machine's disk for files that can be had again: what was used least recently goes."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

# How much of the limit may be added before the folder is looked at again.
SLACK = 0.05


class DiskCache:
    """A folder of about `most` bytes. Several processes may use it; each may go beyond that by a twentieth.

    The modification time of a file says when it was last used. A file that somebody has mapped stays readable for
    them when it goes.
    """

    def __init__(self, folder: Path, most: int) -> None:
        self.folder = folder
        self.most = most
        self._added = most  # so that the first file has the folder looked at

    def use(self, path: Path) -> None:
        """Note that a file was used."""
        with suppress(OSError):  # another process may have removed it meanwhile
            os.utime(path)

    def added(self, size: int) -> None:
        """Note that so many bytes were added, and remove what is too much."""
        self._added += size
        if self._added > SLACK * self.most:
            self._added = 0
            self._trim()

    def _trim(self) -> None:
        found: list[tuple[float, int, Path]] = []
        for path in self.folder.rglob("*"):
            with suppress(OSError):
                one = path.stat()
                if path.is_file():
                    found.append((one.st_mtime, one.st_size, path))
        held = sum(size for _, size, _ in found)
        for _, size, path in sorted(found)[:-1]:  # never the one that was just added
            if held <= self.most:
                return
            path.unlink(missing_ok=True)
            held -= size
