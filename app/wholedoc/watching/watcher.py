"""Watching one folder: what is new or has changed is read once it is quiet, and what is gone is said.

A look at the folder compares what is there with what is known. Whatever wakes the watcher, and however often, it
then takes such a look; so a burst of changes costs one, and what was missed is found by the next.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path, PurePosixPath

from filelock import Timeout

from parallelcomp import Cancelled

from ..documents.document import Document
from ..documents.recognition import Recognition, is_installed
from ..errors import FolderError, LibraryError, UnknownDocumentError, explain
from ..library import Library
from ..runtime.client import Client
from ..runtime.turns import Errand
from ..storage.folder import LibraryFolder
from ..storage.shelf import file_id
from ..storage.watched import WatchedFile, WatchedFolder
from .events import Happened, Outcome
from .limits import WatchLimits
from .listing import FoundFile, Listing, copy_beneath, list_folder
from .signals import LOOK_AGAIN_S, Signals

# A file is read when it has not been touched for so long: until then it may be in the middle of being written.
QUIET_S = 2.0
_POLL_S = 0.2


def prepared(folder: LibraryFolder, path: Path) -> Path:
    """Return the true path of a folder to watch, and keep it among those that are watched.

    Raises FolderError if it cannot be watched, and LibraryError.
    """
    try:
        found = path.expanduser().resolve(strict=True)
    except (OSError, RuntimeError) as error:
        raise FolderError(f"{path} is not there: check the path.") from error
    if not found.is_dir():
        raise FolderError(f"{path} is no folder: `wholedoc add` reads a single file.")
    if found.is_relative_to(folder.path.resolve()):
        raise FolderError(f"{path} belongs to the library itself, so it cannot be watched: name another folder.")
    with folder.writing():
        folder.watched.put(folder.watched.get(found))
    return found


class FolderWatcher:
    """Reads what is in a folder, as long as `run` runs. `library` returns the library to read with now.

    `tell` is called with everything that happens, on the thread of `run`.
    """

    def __init__(
        self,
        library: Callable[[], Library],
        path: Path,
        tell: Callable[[Happened], None],
        limits: WatchLimits | None = None,
    ) -> None:
        self.path = path
        self._library = library
        self._tell = tell
        self._limits = limits or WatchLimits()
        self._client = Client(user=f"watching {path}")
        self._told: set[Happened] = set()

    def run(self, stop: threading.Event, *, once: bool = False) -> None:
        """Watch until `stop` is set, or read what is there now `once`, and return.

        Raises FolderError if another process watches the folder, and whatever error nobody expected.
        """
        folder = self._library().folder
        with folder.writing():
            lock = folder.watched.lock(self.path)
        try:
            with lock.acquire(blocking=False):
                self._run(stop, once)
        except Timeout as error:
            raise FolderError(f"{self.path} is already watched, by another wholedoc on this machine.") from error

    def _run(self, stop: threading.Event, once: bool) -> None:
        signals: Signals | None = None
        watched: list[Path] = []
        while not stop.is_set():
            listing = self._listing()
            if listing is not None and not once and listing.folders != watched:
                signals, watched = self._signals(listing.folders, stop), listing.folders
                listing = self._listing()  # what changed before they were watched
            left = listing is not None and not self.look(listing, stop)
            if once and not left:
                return
            seconds = QUIET_S if left else LOOK_AGAIN_S
            if signals is None or once:
                stop.wait(seconds)
            else:
                signals.wait(seconds)

    def _listing(self) -> Listing | None:
        try:
            return list_folder(self.path, self._limits, self._library().folder.path.resolve())
        except OSError as error:
            self._tell_once(Happened(Outcome.WAITING, str(self.path), f"{error.strerror}; what was read stays"))
            return None

    def _signals(self, folders: list[Path], stop: threading.Event) -> Signals | None:
        try:
            return Signals(folders, stop)
        except OSError as error:
            detail = f"the system watches no more folders: {error}; it is looked at every {LOOK_AGAIN_S:.0f} s"
            self._tell_once(Happened(Outcome.WAITING, str(self.path), detail))
            return None

    def look(self, listing: Listing, stop: threading.Event) -> bool:
        """Read what is new in a listing, and say what is gone. Returns False if something must be tried again."""
        known = {one.path: one for one in self._known().files}
        for path in sorted(known.keys() - {one.path for one in listing.files}):
            gone = known[path]
            self._put(path, None)
            stays = f"its document stays: `wholedoc remove {gone.document_id[:12]}`" if gone.document_id else ""
            self._tell(Happened(Outcome.GONE, path, stays, gone.document_id))
        done = True
        for found in listing.files:
            before = known.get(found.path)
            if before and before.finished and (before.size, before.changed) == (found.size, found.changed):
                continue
            if stop.is_set():
                return True
            done = _is_quiet(found) and self._take(found, before, stop) and done
        for reason, paths in listing.skipped.items():
            self._tell_once(Happened(Outcome.SKIPPED, paths, reason))
        return done

    def _take(self, found: FoundFile, before: WatchedFile | None, stop: threading.Event) -> bool:
        """Read a file. Returns False if that must be tried again; what it cannot be read for is kept and told."""
        library = self._library()
        now = WatchedFile(found.path, found.size, found.changed)
        try:
            while (library.turns.busy or library.turns.waiting) and not stop.wait(_POLL_S):
                pass  # a question comes first
            taken = self._parsed(library, found, stop)
            if taken is None:
                return False
            document, known = taken
            again = before is not None and before.document_id == document.id
            added = before.added if before is not None and again else not known
            now = replace(now, document_id=document.id, added=added)
            self._put(found.path, now)
            for _ in library.read(document, stop.is_set, self._client, Errand.BACKGROUND):
                pass
            library.held.forget(document.id)
            self._put(found.path, replace(now, finished=True))
            self._tell(self._outcome(library, found.path, document, known and not again, before))
        except Cancelled:
            return True
        except LibraryError as error:  # a full disk may have room again, and a file is then read
            self._tell_once(Happened(Outcome.WAITING, found.path, str(error)))
            return False
        except Exception as error:
            problem = error.strerror if isinstance(error, OSError) else explain(error)
            if problem is None:
                raise
            self._put(found.path, replace(now, finished=True, problem=problem))
            self._tell(Happened(Outcome.FAILED, found.path, problem))
        return True

    def _parsed(self, library: Library, found: FoundFile, stop: threading.Event) -> tuple[Document, bool] | None:
        """Return a file's document, and whether the library had it before; None if the file has just changed.

        A copy is read: nobody changes it, and it was reached without a link.
        """
        with library.folder.incoming.private() as folder:
            copy = folder / PurePosixPath(found.path).name
            if copy_beneath(self.path, found.path, copy) != (found.size, found.changed):
                return None
            known = library.knows(file_id(copy))
            recognition = Recognition(cancelled=stop.is_set) if is_installed() else None
            return library.parse(copy, recognition=recognition), known

    def _outcome(
        self, library: Library, path: str, document: Document, known: bool, before: WatchedFile | None
    ) -> Happened:
        """Say that a file was read. The document of what it was before goes, if it came by this file alone."""
        detail = "; ".join(document.warnings)
        if before is None or before.document_id in ("", document.id):
            return Happened(Outcome.KNOWN if known else Outcome.READ, path, detail, document.id)
        folders = library.folder.watched.all()
        if before.added and not any(
            one.document_id == before.document_id for folder in folders for one in folder.files
        ):
            try:
                library.remove(before.document_id)
                detail = "; ".join(filter(None, ("what it was before is no longer in the library", detail)))
            except UnknownDocumentError:  # a person removed it
                pass
        return Happened(Outcome.REPLACED, path, detail, document.id)

    def _known(self) -> WatchedFolder:
        return self._library().folder.watched.get(self.path)

    def _put(self, path: str, file: WatchedFile | None) -> None:
        """Keep what is known of a file; None if it is gone. Raises LibraryError."""
        folder = self._library().folder
        others = tuple(one for one in folder.watched.get(self.path).files if one.path != path)
        with folder.writing():
            folder.watched.put(WatchedFolder(str(self.path), (*others, file) if file else others))

    def _tell_once(self, happened: Happened) -> None:
        """Tell what would be told again by every look."""
        if happened not in self._told:
            self._told.add(happened)
            self._tell(happened)


def _is_quiet(found: FoundFile) -> bool:
    """Return whether a file was not touched for a while. A clock that is behind the file's keeps none waiting."""
    return not -QUIET_S < time.time() - found.touched < QUIET_S
