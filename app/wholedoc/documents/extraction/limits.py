"""Limits on what reading one file may cost."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class ExtractionLimits:
    """Bounds on reading one file: wall-clock `seconds`, address space and file size in bytes, and counts.

    A file that is an archive, as an Office document is, has at most so many entries, which unpack to so many bytes;
    what lies in archives within archives, or is attached to attached messages, lies at most so deep.

    The defaults leave room for books of several thousand pages. A file beyond a limit is refused with
    `ExtractionLimitError`; it is never cut to fit.
    """

    seconds: float = 300.0
    memory_bytes: int = 4 << 30
    file_bytes: int = 1 << 30
    pages: int = 20_000
    characters: int = 100_000_000
    archive_entries: int = 20_000
    archive_bytes: int = 1 << 30
    archive_depth: int = 3

    def for_size(self, size: int) -> ExtractionLimits:
        """Return these limits with at most 60 seconds, and 20 more for each MB of a file of `size` bytes."""
        return replace(self, seconds=min(self.seconds, 60 + 20 * size / 1e6))

    @property
    def result_bytes(self) -> int:
        """The most bytes that a worker within the limits can send: its text in UTF-8, and 64 MiB for the rest."""
        return 4 * self.characters + (64 << 20)


DEFAULT_LIMITS = ExtractionLimits()
