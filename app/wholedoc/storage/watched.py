"""Folders that are watched, and which of their files were read, so that a restart reads none again."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path

from filelock import FileLock

from .files.kept import CLEAR, KeptFiles
from .records import restored


@dataclass(frozen=True)
class WatchedFile:
    """A file by its path within the folder, as it was when it was looked at: its bytes, and when it changed (ns).

    `document_id` is that of the document that it became, empty if it could not be read; `problem` says why then.
    `added` says that the document came into the library by this file, not before it, and `finished` that nothing is
    left to do.
    """

    path: str
    size: int
    changed: int
    document_id: str = ""
    added: bool = False
    finished: bool = False
    problem: str = ""


@dataclass(frozen=True)
class WatchedFolder:
    """A folder, and the files that were found in it."""

    path: str
    files: tuple[WatchedFile, ...] = ()


@dataclass(frozen=True)
class WatchedFolders:
    """A folder with a file for each folder that is watched, until a person says otherwise."""

    folder: Path
    files: KeptFiles = CLEAR

    def all(self) -> list[WatchedFolder]:
        """Return all of them by their paths. What is damaged is left out: its files are looked at again."""
        found = [one for path in self.folder.glob("*.json") if (one := self._parsed(path)) is not None]
        return sorted(found, key=lambda one: one.path)

    def get(self, path: Path) -> WatchedFolder:
        """Return what is known of a folder; no files if it is new."""
        known = self._parsed(self._file(path))
        return known if known is not None and known.path == str(path) else WatchedFolder(str(path))

    def put(self, folder: WatchedFolder) -> None:
        """Keep what is known of a folder. Raises OSError."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.files.write(self._file(Path(folder.path)), json.dumps(asdict(folder)).encode())

    def remove(self, path: Path) -> bool:
        """Forget a folder, and return whether it was known. The documents stay in the library."""
        known = self._file(path).exists()
        self._file(path).unlink(missing_ok=True)
        return known

    def lock(self, path: Path) -> FileLock:
        """Return the lock that whoever watches a folder holds: two would read everything twice."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return FileLock(self._file(path).with_suffix(".lock"), thread_local=False)

    def _file(self, path: Path) -> Path:
        return self.folder / f"{sha256(str(path).encode('utf-8', 'surrogateescape')).hexdigest()[:32]}.json"

    def _parsed(self, path: Path) -> WatchedFolder | None:
        try:
            return restored(WatchedFolder, json.loads(self.files.read_text(path)))
        except (OSError, ValueError, RecursionError):
            return None
