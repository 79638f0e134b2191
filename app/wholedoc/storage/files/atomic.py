"""Files that are there whole or not at all, whenever the machine or the process stops."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

TEMPORARY = ".writing-"


@dataclass(frozen=True)
class _Unfinished:
    """A file under its temporary `name`, open still, that is to stand at `path`."""

    file: BinaryIO
    name: str
    path: Path

    @classmethod
    def write(cls, path: Path, data: bytes) -> _Unfinished:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=TEMPORARY)
        one = cls(os.fdopen(handle, "wb"), name, path)
        try:
            one.file.write(data)
            one.file.flush()
        except BaseException:
            one.discard()
            raise
        return one

    def discard(self) -> None:
        self.file.close()
        Path(self.name).unlink(missing_ok=True)


class WrittenTogether:
    """Files that are forced to disk together: `with WrittenTogether() as files: files.write(path, data)`.

    Each gets its name only once it is durable, which it is when the block has been left. What was written before an
    error is kept; of the rest nothing is left behind.
    """

    def __init__(self) -> None:
        self._unfinished: list[_Unfinished] = []

    def __enter__(self) -> WrittenTogether:
        return self

    def write(self, path: Path, data: bytes) -> None:
        """Write a file, which appears at its path when the block is left. Raises OSError."""
        self._unfinished.append(_Unfinished.write(path, data))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Raises OSError if a file cannot be forced to disk; an error of the block itself comes before that."""
        failed: list[OSError] = []
        durable: list[_Unfinished] = []
        try:
            for one in self._unfinished:
                try:
                    os.fsync(one.file.fileno())
                    durable.append(one)
                except OSError as refused:
                    failed.append(refused)
            for one in durable:
                os.replace(one.name, one.path)
        finally:
            for one in self._unfinished:
                one.discard()
        if failed and error is None:
            raise failed[0]


def write_atomically(path: Path, data: bytes) -> None:
    """Write `data` to a temporary file beside `path`, force it to disk, and rename it to `path`."""
    with WrittenTogether() as files:
        files.write(path, data)
