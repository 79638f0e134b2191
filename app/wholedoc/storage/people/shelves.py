"""Which documents stand on whose shelf, where a server has several users: a file for each.

It has the name that it was given there, who put it there, and how large it is. Removing one needs no lock, and
making one only that of who puts it there, so that several processes and machines may do it at once.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from filelock import FileLock

from ...errors import ShelfQuotaError
from ..files.kept import CLEAR, KeptFiles
from ..files.sealing import DamagedFileError
from .users import User

SHARED = "shared-"
LOCK = ".lock"


def shelves_of(user: User) -> tuple[str, ...]:
    """Return the names of the shelves that a user sees: their own first, then those that they share."""
    return own_shelf(user.name), *map(shared_shelf, user.shelves)


def own_shelf(user: str) -> str:
    """Return the name of a user's own shelf."""
    return f"user-{user}"


def shared_shelf(name: str) -> str:
    """Return the name of a shared shelf among all shelves."""
    return f"{SHARED}{name}"


@dataclass(frozen=True)
class Placed:
    """A document on a shelf: its name there, the user who put it there, and the size of its file."""

    name: str
    owner: str
    bytes: int


@dataclass(frozen=True)
class Shelves:
    """A folder with a folder for each shelf, in which files are named by documents."""

    folder: Path
    files: KeptFiles = CLEAR

    def add(self, shelf: str, id: str, placed: Placed, most: int | None = None) -> None:
        """Put a document on a shelf; where it is already, it keeps name and place.

        Raises ShelfQuotaError if its owner would keep more than `most` bytes, and OSError.
        """
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with FileLock(self.folder / f".{placed.owner}{LOCK}"):
            self.check(shelf, id, placed, most)
            path = self.folder / shelf / id
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not path.exists():
                self.files.write(path, json.dumps(asdict(placed)).encode())

    def check(self, shelf: str, id: str, placed: Placed, most: int | None) -> None:
        """Raise ShelfQuotaError if its owner would keep more than `most` bytes with this document on a shelf."""
        if most is None or (self.folder / shelf / id).exists():
            return
        kept = self._sizes(placed.owner)
        if id not in kept and sum(kept.values()) + placed.bytes > most:
            raise ShelfQuotaError(placed.bytes, sum(kept.values()), most)

    def bytes_of(self, owner: str) -> int:
        """Return the bytes of all files that a user has put on shelves, each counted once."""
        return sum(self._sizes(owner).values())

    def _sizes(self, owner: str) -> dict[str, int]:
        """Return the bytes of the files that a user has put on their own shelf and on shared ones, by their ids."""
        own, shared = self.folder.glob(f"{own_shelf(owner)}/[!.]*"), self.folder.glob(f"{SHARED}*/[!.]*")
        placed = {path.name: self._placed(path) for path in (*shared, *own)}
        return {id: one.bytes for id, one in placed.items() if one is not None and one.owner == owner}

    def _placed(self, path: Path) -> Placed | None:
        """Return what a file says; None if it has gone meanwhile."""
        with suppress(FileNotFoundError, DamagedFileError, ValueError, TypeError):
            return Placed(**json.loads(self.files.read(path)))
        return None

    def forget(self, id: str) -> None:
        """Take a document from all shelves."""
        for path in self.folder.glob(f"*/{id}"):
            path.unlink(missing_ok=True)

    def name(self, shelves: Iterable[str], id: str) -> str | None:
        """Return the name of a document on the first of some shelves that has it, None if none has."""
        for shelf in shelves:
            if (placed := self._placed(self.folder / shelf / id)) is not None:
                return placed.name
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
