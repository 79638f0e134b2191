"""What all tabs share: the library, its model, and the files that were given when the program started."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from enum import Enum, auto
from pathlib import Path

from wholedoc import Document, Library, Planned, Reading, Settings
from wholedoc.errors import WholedocError, explain

from .uploads import LOOKED_FOR_S, Uploads

log = logging.getLogger(__name__)
# A tab that watches the start looks for progress every so many seconds.
WATCH_S = 0.5


class Phase(Enum):
    LOADING = auto()
    READING = auto()
    READY = auto()
    FAILED = auto()


@dataclass(frozen=True)
class ModelState:
    """`message` is a sentence for a person; `reading` is the progress of a document that was given at the start."""

    phase: Phase
    message: str
    reading: Reading | None = None


def sentence(error: Exception) -> str:
    """Return what to tell a person about an error. The details of an unexpected error go to the log."""
    known = explain(error)
    if known is None:
        log.error("unexpected error", exc_info=error)
    return (
        known or f"Something unexpected went wrong ({type(error).__name__}: {error}). The terminal has the details."
    )


class AppState:
    """One library with one loaded model. `uploads` are the files on their way into the library.

    The library is opened here unless the caller gives one that is open and in use elsewhere. Choosing another model
    changes which model the tabs ask, and nothing for the other users of that library.

    Raises LibraryError if the library's folder cannot be used.
    """

    def __init__(self, settings: Settings, folder: Path | None = None, library: Library | None = None) -> None:
        self._notices: list[str] = []
        self._library = library or Library.open(folder, settings, self._notice)
        self._state = ModelState(Phase.LOADING, "Loading the model…")
        self._changing = threading.Lock()
        self._closing = ExitStack()
        with self._library.folder.writing():
            self.uploads = Uploads(self._closing.enter_context(self._library.folder.incoming.private()))
        self._closed = threading.Event()

    @property
    def library(self) -> Library:
        return self._library

    @property
    def state(self) -> ModelState:
        return self._state

    def start(self, files: Sequence[Path] = ()) -> None:
        """Load the model and read `files` in a thread. A failure becomes the state FAILED or a notice.

        Another thread removes old uploads from now on.
        """
        threading.Thread(target=self._start, args=(files,), name="start", daemon=True).start()
        threading.Thread(target=self._tidy, name="tidy", daemon=True).start()

    def watch(self) -> Iterator[ModelState]:
        """Yield the state now and whenever it changes, until the program neither loads nor reads any more."""
        seen: ModelState | None = None
        while seen is None or seen.phase in (Phase.LOADING, Phase.READING):
            if self._state is seen:
                time.sleep(WATCH_S)
            else:
                seen = self._state
                yield seen

    def change(self, settings: Settings) -> None:
        """Use another model or read in another way, from now on and in all tabs.

        Raises ModelError if the model cannot be loaded, and the engine's errors for settings that it refuses. Then
        everything stays as it was.
        """
        with self._changing:
            changed = self._library.with_settings(settings)
            _ = changed.engine
            self._library = changed
            self._state = self._ready()

    def take_notices(self) -> list[str]:
        """Return the library's messages since the last call: what it removed, what it reads again and why."""
        taken, self._notices = self._notices, []
        return taken

    def close(self) -> None:
        """Delete the files that were on their way in."""
        self._closed.set()
        self._closing.close()

    def _tidy(self) -> None:
        while not self._closed.wait(LOOKED_FOR_S):
            try:
                self.uploads.remove_old()
            except OSError:
                log.warning("old uploads could not be removed", exc_info=True)

    def _start(self, files: Sequence[Path]) -> None:
        try:
            # Parsing needs no model, so the documents are on the shelf before it is loaded.
            documents = [known for file in files if (known := self._parse(file))]
            _ = self._library.engine
            for document in documents:
                for event in self._library.read(document):
                    self._state = self._reading(event)
            self._state = self._ready()
        except Exception as error:
            self._state = ModelState(Phase.FAILED, sentence(error))

    def _parse(self, file: Path) -> Document | None:
        try:
            return self._library.parse(file)
        except WholedocError as error:
            self._notices.append(str(error))
            return None

    def _reading(self, event: Planned | Reading) -> ModelState:
        message = f"Reading {event.document}"
        return ModelState(Phase.READING, message, event if isinstance(event, Reading) else None)

    def _ready(self) -> ModelState:
        spec = self._library.engine.spec
        number = str(spec.dtype).removeprefix("torch.")
        return ModelState(Phase.READY, f"{self._library.model.name} on {spec.device}, {number}")

    def _notice(self, message: str) -> None:
        if self._state.phase is Phase.LOADING:
            self._state = replace(self._state, message=message)
        else:
            self._notices.append(message)
