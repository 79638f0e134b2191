"""The files that documents came from, kept to show their pages: one copy of each, named by its content."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Set
from dataclasses import dataclass
from pathlib import Path

from .atomic import TEMPORARY


@dataclass(frozen=True)
class Originals:
    """A folder with one file for each document, readable by its owner alone."""

    folder: Path

    def path(self, id: str) -> Path:
        return self.folder / id

    def put(self, id: str, file: Path) -> None:
        """Copy a file into the folder, unless it is there already. Raises OSError."""
        if self.path(id).exists():
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self.folder, prefix=TEMPORARY)
        os.close(handle)
        try:
            shutil.copyfile(file, name)
            os.replace(name, self.path(id))
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise

    def get(self, id: str) -> Path | None:
        """Return the path of the file, or None if it is not there."""
        return self.path(id) if self.path(id).is_file() else None

    def remove(self, id: str) -> None:
        """Delete the file. Nothing happens if it is not there."""
        self.path(id).unlink(missing_ok=True)

    def leftovers(self, known: Set[str], older_than_s: float = 3600) -> list[Path]:
        """Return the files of documents that are not `known`, and unfinished copies.

        Younger files may still be in the making.
        """
        limit = time.time() - older_than_s
        return [path for path in self.folder.glob("*") if path.name not in known and path.stat().st_mtime < limit]
