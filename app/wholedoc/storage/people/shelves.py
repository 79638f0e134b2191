"""Which documents stand on whose shelf, where a server has several users: a file for each, with its name.

Making and removing a file needs no lock, so that several processes and machines may do it at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ..files.kept import CLEAR, KeptFiles
from ..files.sealing import DamagedFileError
from .users import User


def shelves_of(user: User) -> tuple[str, ...]:
    """Return the names of the shelves that a user sees: their own first, then those that they share."""
    return f"user-{user.name}", *(f"shared-{name}" for name in user.shelves)


@dataclass(frozen=True)
class Shelves:
    """A folder with a folder for each shelf, in which files are named by documents."""

    folder: Path
    files: KeptFiles = CLEAR

    def add(self, shelf: str, id: str, name: str) -> None:
        """Put a document on a shelf under a name; where it is already, it keeps name and place. Raises OSError."""
        path = self.folder / shelf / id
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            self.files.write(path, name.encode(errors="replace"))

    def forget(self, id: str) -> None:
        """Take a document from all shelves."""
        for path in self.folder.glob(f"*/{id}"):
            path.unlink(missing_ok=True)

    def name(self, shelves: Iterable[str], id: str) -> str | None:
        """Return the name of a document on the first of some shelves that has it, None if none has."""
        for shelf in shelves:
            with suppress(OSError, DamagedFileError):
                return self.files.read(self.folder / shelf / id).decode(errors="replace")
        return None

    def created(self, shelves: Iterable[str], id: str) -> float:
        """Return when a document was put there, in seconds since 1970. Raises FileNotFoundError."""
        for shelf in shelves:
            with suppress(FileNotFoundError):
                return (self.folder / shelf / id).stat().st_mtime
        raise FileNotFoundError(id)

    def remove(self, shelves: Iterable[str], id: str) -> None:
        """Take a document from some shelves. Nothing happens where it is not."""
        for shelf in shelves:
            (self.folder / shelf / id).unlink(missing_ok=True)

    def holds(self, shelves: Iterable[str], id: str) -> bool:
        """Return whether a document is on any of some shelves."""
        return any((self.folder / shelf / id).is_file() for shelf in shelves)

    def is_anywhere(self, id: str) -> bool:
        """Return whether a document is on anybody's shelf."""
        return any(True for _ in self.folder.glob(f"*/{id}"))

    def ids(self, shelves: Iterable[str]) -> list[str]:
        """Return the ids of the documents on some shelves, in the order in which they were put there."""
        found: dict[str, float] = {}
        for shelf in shelves:
            for path in (self.folder / shelf).glob("[!.]*"):
                with suppress(FileNotFoundError):  # another request may have removed it meanwhile
                    found[path.name] = min(path.stat().st_mtime, found.get(path.name, float("inf")))
        return sorted(found, key=found.__getitem__)
