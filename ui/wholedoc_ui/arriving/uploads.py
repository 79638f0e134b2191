"""Files that people have dropped, until the library has them: bounded in size and in time."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from wholedoc.errors import WholedocError

# What one tab may hold in files that wait, in bytes; one file that is allowed may be larger.
TAB_BYTES = 2_000_000_000
# What all may hold: this share of the disk's space that is free without them, and this many files.
SHARE_OF_DISK = 0.5
MOST_FILES = 2000
# Of these, the share that one address may hold, so that others find room.
SHARE_OF_ADDRESS = 0.5
# A file that nobody works on goes so many seconds after it came, and one is looked for so often.
KEPT_S = 3600.0
LOOKED_FOR_S = 60.0


class Uploads:
    """A folder for dropped files. A file arrives there, is taken by its tab, and goes when the library has it.

    What no tab works on goes after KEPT_S seconds: it was cut off, its tab was closed, or it waits for a password
    that nobody enters.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        self._worked_on: list[Path] = []
        self._senders: dict[Path, str] = {}
        self._arriving: Counter[str] = Counter()

    def has_room(self, coming: int, address: str | None = None) -> bool:
        """Return whether `coming` more bytes may come in, from this address if it is named.

        Ask again while they come, as others do too.
        """
        sizes = {file: _size(file) for file in self._files()}
        held = sum(sizes.values())
        room = SHARE_OF_DISK * (held + shutil.disk_usage(self.folder).free)
        if len(sizes) >= MOST_FILES or held + coming > room:
            return False
        with self._lock:
            self._senders = {file: sender for file, sender in self._senders.items() if file in sizes}
            own = [sizes[file] for file, sender in self._senders.items() if sender == address]
            own_bytes = sum(own) + self._arriving[address] if address is not None else 0
        return len(own) < SHARE_OF_ADDRESS * MOST_FILES and own_bytes + coming <= SHARE_OF_ADDRESS * room

    def arriving(self, address: str, count: int) -> None:
        """Note that so many more bytes of files are coming in from an address; fewer if `count` is negative."""
        with self._lock:
            self._arriving[address] += count
            if self._arriving[address] <= 0:
                del self._arriving[address]

    def arrived(self, address: str, files: Iterable[Path]) -> None:
        """Note who has sent these files."""
        with self._lock:
            self._senders |= dict.fromkeys(files, address)

    def take(self, arrived: Sequence[Path], waiting: Sequence[Path]) -> list[Path]:
        """Move files out of the web server's sight, for a tab where others are `waiting`. They keep their names.

        Raises WholedocError, and deletes them, if they are more than one tab may hold.
        """
        before, more = sum(map(_size, waiting)), sum(map(_size, arrived))
        if before and before + more > TAB_BYTES:
            for file in arrived:
                file.unlink(missing_ok=True)
            raise WholedocError(
                f"{TAB_BYTES / 1e9:g} GB may wait in one window: drop this again when what you dropped before is "
                "read."
            )
        return [self._move(file) for file in arrived]

    def _move(self, arrived: Path) -> Path:
        target = Path(tempfile.mkdtemp(dir=self.folder)) / arrived.name
        # Two tabs that drop the same file at the same moment share one upload. The second is told to drop it again.
        with suppress(FileNotFoundError):
            shutil.move(arrived, target)
        with self._lock:
            if (sender := self._senders.pop(arrived, None)) is not None:
                self._senders[target] = sender
        return target

    def discard(self, file: Path) -> None:
        """Delete a file that was taken."""
        shutil.rmtree(file.parent, ignore_errors=True)

    @contextmanager
    def work_on(self, files: Iterable[Path]) -> Iterator[None]:
        """Keep these files during the block, and for KEPT_S seconds after it if they are still there then."""
        held = list(files)
        with self._lock:
            self._worked_on += held
        try:
            yield
        finally:
            with self._lock:
                for file in held:
                    with suppress(FileNotFoundError):
                        os.utime(file)
                    self._worked_on.remove(file)

    def remove_old(self, older_than_s: float = KEPT_S) -> None:
        """Delete what came more than `older_than_s` seconds ago and is not worked on, and folders left empty."""
        limit = time.time() - older_than_s
        with self._lock:
            for file in set(self._files()) - set(self._worked_on):
                with suppress(FileNotFoundError):
                    if file.stat().st_mtime < limit:
                        file.unlink()
        for folder in self.folder.iterdir():
            with suppress(OSError):  # it is not empty, or not a folder
                if folder.stat().st_mtime < limit:
                    folder.rmdir()

    def _files(self) -> list[Path]:
        # Unlike Path.rglob, os.walk goes on where a folder goes meanwhile.
        return [Path(folder, name) for folder, _, names in os.walk(self.folder) for name in names]


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0
