"""Limits on what a watched folder may hold."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class WatchLimits:
    """Bounds on a folder: files that are read, folders in it, how deep these lie, names of any kind that are looked
    at, and the bytes of one file.

    What is beyond them is named and not read.
    """

    files: int = 2_000
    folders: int = 1_000
    depth: int = 16
    entries: int = 100_000
    file_bytes: int = 500_000_000
