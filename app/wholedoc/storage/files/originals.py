"""The files that documents came from, kept to show their pages: one copy of each, named by its content."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Set
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .atomic import TEMPORARY
from .in_memory import file_in_memory
from .kept import CLEAR, KeptFiles


@dataclass(frozen=True)
class Originals:
    """A folder with one file for each document, readable by its owner alone. What is sealed, or in an
    object store, is opened in memory."""

    folder: Path
    files: KeptFiles = CLEAR

    def path(self, id: str) -> Path:
        return self.folder / id

    def __contains__(self, id: str) -> bool:
        return self.path(id).is_file()

    def put(self, id: str, file: Path) -> None:
        """Copy a file into the folder, unless it is there already. Raises OSError."""
        if self.files.is_whole(self.path(id)):
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        if not self.files.are_plain:
            self.files.write(self.path(id), file.read_bytes())
            return
        handle, name = tempfile.mkstemp(dir=self.folder, prefix=TEMPORARY)
        os.close(handle)
        try:
            shutil.copyfile(file, name)
            with open(name, "rb") as copied:
                os.fsync(
                    copied.fileno()
                )  # before it has its name: what has one is whole whenever the machine stops
            os.replace(name, self.path(id))
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise

    def size(self, id: str) -> int | None:
        """Return the bytes of a file as it was added, or None if it is not there."""
        try:
            return self.files.size(self.path(id))
        except FileNotFoundError:
            return None

    def head(self, id: str, most: int) -> bytes | None:
        """Return the first bytes of a file, or None if it is not there, or damaged."""
        if not self.files.are_plain:
            content = self.read(id)
            return None if content is None else content[:most]
        try:
            with self.path(id).open("rb") as file:
                return file.read(most)
        except FileNotFoundError:
            return None

    def read(self, id: str) -> bytes | None:
        """Return a file as it was added, or None if it is not there, or damaged."""
        try:
            return self.path(id).read_bytes() if self.files.are_plain else self.files.read(self.path(id))
        except (FileNotFoundError, ValueError):
            return None

    def readable_path(self, id: str) -> Path | None:
        """Return the path of a file that anybody can read as it was added; None if it is not there so."""
        return self.path(id) if id in self and self.files.are_plain else None

    @contextmanager
    def opened(self, id: str) -> Iterator[Path | None]:
        """Give the path of a file as it was added for the block, or None if it is not there, or damaged.

        Raises OSError if there is no memory for one that is sealed or in an object store.
        """
        if self.files.are_plain:
            yield self.readable_path(id)
            return
        content = self.read(id)
        if content is None:
            yield None
            return
        with file_in_memory(content) as path:
            del content
            yield path

    def remove(self, id: str) -> None:
        """Delete the file. Nothing happens if it is not there."""
        self.files.remove(self.path(id))

    def leftovers(self, known: Set[str], older_than_s: float = 3600) -> list[Path]:
        """Return the files of documents that are not `known`, and unfinished copies.

        Younger files may still be in the making.
        """
        limit = time.time() - older_than_s
        return [path for path in self.folder.glob("*") if path.name not in known and path.stat().st_mtime < limit]
