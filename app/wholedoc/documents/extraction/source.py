"""A file that is being read in the child process: its bytes, and how much it and what is in it may still cost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from ...errors import ExtractionLimitError, UnreadableFileError
from ..formats import FileKind
from .limits import ExtractionLimits
from .pages.extracted import Extracted

Read = Callable[["Source"], Extracted]


class Budget:
    """What may still be unpacked for one request, however archives lie within each other."""

    def __init__(self, limits: ExtractionLimits) -> None:
        self._limits = limits
        self._entries = 0
        self._bytes = 0

    def spend(self, entries: int, size: int, name: str) -> None:
        """Count `entries` that unpack to `size` bytes. Raises `ExtractionLimitError` beyond the limits."""
        self._entries += entries
        self._bytes += size
        if self._entries > self._limits.archive_entries or self._bytes > self._limits.archive_bytes:
            raise ExtractionLimitError(
                f"{name} unpacks to {self._entries:,} files of {self._bytes:,} bytes, more than the limits of"
                f" {self._limits.archive_entries:,} and {self._limits.archive_bytes:,}: unpack it, and add the"
                " files that matter."
            )


@dataclass(frozen=True)
class Source:
    """A file to read. `depth` counts the archives and messages that it lies in; `read` reads what lies in it.

    `recognised` says that scanned pages will be recognised, so that a file of nothing else is no error.
    """

    data: bytes
    name: str
    kind: FileKind
    password: str | None
    limits: ExtractionLimits
    budget: Budget
    read: Read
    depth: int = 0
    recognised: bool = False

    def inside(self, data: bytes, name: str, kind: FileKind) -> Source:
        """Return a file that lies in this one. Raises `ExtractionLimitError` if that is too deep."""
        if self.depth >= self.limits.archive_depth:
            raise ExtractionLimitError(
                f"{self.name} has files in files in files, {self.depth + 1} deep: unpack it, and add the files that"
                " matter."
            )
        return replace(self, data=data, name=name, kind=kind, depth=self.depth + 1)

    def damaged(self, detail: object) -> UnreadableFileError:
        """Return the error for a file that its format's library cannot read."""
        reason = " ".join(str(detail).split())[:200] or type(detail).__name__
        return UnreadableFileError(
            f"{self.name} is damaged ({reason}): fetch the file again, or open it in the program that wrote it and"
            " save it anew."
        )
