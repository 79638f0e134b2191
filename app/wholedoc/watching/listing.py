"""What is in a folder now, without following any link."""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path, PurePosixPath

from ..documents.formats import kind_of_suffix
from .limits import WatchLimits

_SHOWN = 3  # so many names stand for all that were skipped for the same reason


@dataclass(frozen=True)
class FoundFile:
    """A file that may be read: its path within the folder, its size in bytes, and when it changed, in nanoseconds.

    `touched` is when anything of it changed, which no program can set back, in seconds of the system's clock.
    """

    path: str
    size: int
    changed: int
    touched: float


@dataclass
class Listing:
    """The files of a folder in the order of their paths, and the folders in it. `entries` counts what was seen."""

    files: list[FoundFile] = field(default_factory=list)
    folders: list[Path] = field(default_factory=list)
    _names: dict[str, list[str]] = field(default_factory=dict)
    _counts: Counter[str] = field(default_factory=Counter)
    entries: int = 0

    def skip(self, reason: str, path: str) -> None:
        self._counts[reason] += 1
        if self._counts[reason] <= _SHOWN:
            self._names.setdefault(reason, []).append(path)

    @property
    def skipped(self) -> dict[str, str]:
        """What was skipped, by the reason: the first names, and how many more there are."""
        more = {reason: count - len(self._names[reason]) for reason, count in self._counts.items()}
        return {
            reason: ", ".join(names) + (f" and {more[reason]:,} more" if more[reason] else "")
            for reason, names in self._names.items()
        }


def list_folder(root: Path, limits: WatchLimits, without: Path) -> Listing:
    """List the files below `root` that may be read; `without` is a folder that is left out, the library's own.

    Hidden files and folders are left out without a word, as programs keep what is theirs in them. Raises OSError if
    `root` itself cannot be listed.
    """
    listing = Listing(folders=[root])
    waiting = [(PurePosixPath(), 0)]
    while waiting:
        folder, depth = waiting.pop()
        for entry in _entries(root, folder, listing, limits):
            path = folder / entry.name
            if entry.name.startswith((".", "~$")):
                continue
            if entry.is_symlink():
                listing.skip("links are not followed", str(path))
            elif entry.is_dir(follow_symlinks=False):
                if root / path == without:
                    listing.skip("it is the library itself", str(path))
                elif depth + 1 > limits.depth or len(listing.folders) >= limits.folders:
                    listing.skip(f"at most {limits.folders:,} folders are watched, {limits.depth} deep", f"{path}/")
                else:
                    listing.folders.append(root / path)
                    waiting.append((path, depth + 1))
            else:
                _add(listing, str(path), entry, limits)
    listing.files.sort(key=lambda one: one.path)
    return listing


def _entries(root: Path, folder: PurePosixPath, listing: Listing, limits: WatchLimits) -> list[os.DirEntry[str]]:
    left = limits.entries - listing.entries
    try:
        with os.scandir(root / folder) as entries:
            found = list(islice(entries, left + 1))
    except OSError as error:
        if not folder.parts:
            raise
        listing.skip(f"it cannot be opened: {error.strerror}", f"{folder}/")
        return []
    if len(found) > left:
        listing.skip(f"more than {limits.entries:,} names are too many to look at", f"the rest of {folder}/")
    listing.entries += len(found[:left])
    return sorted(found[:left], key=lambda one: one.name)


def _add(listing: Listing, path: str, entry: os.DirEntry[str], limits: WatchLimits) -> None:
    try:
        found = entry.stat(follow_symlinks=False)
    except OSError:  # it went meanwhile
        return
    if not stat.S_ISREG(found.st_mode):
        listing.skip("they are no files", path)
    elif kind_of_suffix(Path(path).suffix.lower()) is None:
        listing.skip("their format is not read", path)
    elif found.st_size > limits.file_bytes:
        listing.skip(f"more than {limits.file_bytes / 1e6:,.0f} MB: `wholedoc add` reads larger files", path)
    elif len(listing.files) >= limits.files:
        listing.skip(f"at most {limits.files:,} files of a folder are watched", path)
    elif found.st_size > 0:  # an empty one is about to be written
        listing.files.append(FoundFile(path, found.st_size, found.st_mtime_ns, found.st_ctime))


def copy_beneath(root: Path, path: str, target: Path) -> tuple[int, int]:
    """Copy a file below `root` to `target`; no part of the way may be a link, whatever has changed since.

    Returns the size and the time of change of what was copied. Raises OSError.
    """
    handle = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        *folders, name = PurePosixPath(path).parts
        for folder in folders:
            inner = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=handle)
            os.close(handle)
            handle = inner
        # Not to wait for ever if a pipe has come in the file's place.
        file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=handle)
    finally:
        os.close(handle)
    with os.fdopen(file, "rb") as source, target.open("xb") as copy:
        found = os.fstat(source.fileno())
        if not stat.S_ISREG(found.st_mode):
            raise OSError("it is no file any more")
        left = found.st_size
        for piece in _pieces(source.fileno()):
            left -= len(piece)
            if left < 0:  # it grows: the next look at the folder will find it larger
                break
            copy.write(piece)
    return found.st_size, found.st_mtime_ns


def _pieces(file: int) -> Iterator[bytes]:
    while piece := os.read(file, 1 << 20):
        yield piece
