"""What all tabs share: the library, its model, and the files that were given when the program started."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from enum import Enum, auto
from pathlib import Path

import torch

from parallelcomp import ChunkScoring
from wholedoc import Document, Library, Planned, Reading, Settings
from wholedoc.errors import WholedocError, WriterError, explain
from wholedoc.models.catalogue import Role
from wholedoc.runtime.courtesy import Courtesy
from wholedoc.settings import Answerer
from wholedoc.storage.home import home
from wholedoc.writers.writer import Writer

from .arriving.folders import Folders
from .arriving.introducing import Introducer
from .arriving.uploads import LOOKED_FOR_S, Uploads
from .models.fetching import Fetch, FetchPhase, ModelFetch
from .models.offers import Offers, offers
from .models.wanted import Wanted, missing_default_writer, missing_reader, missing_writer, reader_name
from .viewer.viewer import Viewer

log = logging.getLogger(__name__)


class Phase(Enum):
    LOADING = auto()
    READING = auto()
    READY = auto()
    FAILED = auto()


@dataclass(frozen=True)
class ModelState:
    """`message` is a sentence for a person; `reading` is the progress of a document that was given at the start.

    `fetch` is the model that was fetched last, or is on its way. `models` says, once they are loaded, which models
    read and write, where and in which numbers.
    """

    phase: Phase
    message: str
    reading: Reading | None = None
    fetch: Fetch | None = None
    models: str = ""

    @property
    def goes_on(self) -> bool:
        """Return whether it will change by itself."""
        fetching = self.fetch is not None and self.fetch.phase is FetchPhase.RUNNING
        return fetching or self.phase in (Phase.LOADING, Phase.READING)


def _changed(folder: Path) -> int:
    """Return when a file came into a folder, or went, in nanoseconds; 0 if the folder is not there."""
    try:
        return folder.stat().st_mtime_ns
    except OSError:
        return 0


def sentence(error: Exception) -> str:
    """Return what to tell a person about an error. The details of an unexpected error go to the log."""
    known = explain(error)
    if known is None:
        log.error("unexpected error", exc_info=error)
    return (
        known or f"Something unexpected went wrong ({type(error).__name__}: {error}). The terminal has the details."
    )


class AppState:
    """One library with its models. `uploads` are the files on their way into the library. `introducer` writes what
    documents are about, and does so for every document that was read if `introduces_after_reading`. `viewer`
    shows their pages. `folders` are those whose files are read by themselves. `courtesy` makes readings give way to
    the page.

    The library is opened here unless the caller gives one that is open and in use elsewhere. Choosing another model
    changes which model the tabs ask, and nothing for the other users of that library. A writer that has to be
    fetched first is fetched once the reader is there; until it has come, the reader answers. If nobody named one,
    that happens only with a library that was opened here.

    Raises LibraryError if the library's folder cannot be used.
    """

    def __init__(self, settings: Settings, folder: Path | None = None, library: Library | None = None) -> None:
        self._notices: list[str] = []
        self._models = home() / "models"
        self._fetching = ModelFetch(self._models)
        elsewhere = library is not None and library.models_are_elsewhere
        self._named_writer = None if elsewhere else missing_writer(settings, self._models)
        self._is_shared = library is not None
        opened = library or Library.open(folder, settings, self._notice)
        if self._named_writer is not None:
            opened = opened.with_settings(replace(settings, answer_model=Answerer.READER))
        self._library = opened
        self._state = ModelState(Phase.LOADING, "Loading the model…")
        self._changing = threading.RLock()
        self._closing = ExitStack()
        with self._library.folder.writing():
            self.uploads = Uploads(self._closing.enter_context(self._library.folder.incoming.private()))
        self._closed = threading.Event()
        self.introducer = Introducer(lambda: self._library, sentence)
        self.introduces_after_reading = False
        self.courtesy = Courtesy(self._is_better_read_on)
        self.viewer = Viewer(lambda: self._library, self.courtesy)
        self.folders = Folders(lambda: self._library, sentence)

    @property
    def library(self) -> Library:
        return self._library

    @property
    def state(self) -> ModelState:
        return replace(self._state, fetch=self._fetching.state)

    @property
    def device(self) -> torch.device | None:
        """Where the model that reads is; None until it is loaded, and where it is another process's."""
        return self._library.device if self._state.phase in (Phase.READING, Phase.READY) else None

    @property
    def running(self) -> Wanted | None:
        """The model that is being fetched now, and what for."""
        return self._fetching.running

    @property
    def writer(self) -> Writer | None:
        """Who writes the answers; None if the reader does, or if the address that was named is none."""
        try:
            return self._library.writer
        except WriterError:  # whoever asks is told
            return None

    @property
    def offers(self) -> Offers:
        """The models that can be chosen."""
        writer = self.writer
        return offers(self._library.settings, writer.name if writer else None, self.running, home())

    def start(self, files: Sequence[Path] = ()) -> None:
        """Load the model and read `files` in a thread. A failure becomes the state FAILED or a notice.

        Another thread removes old uploads from now on.
        """
        threading.Thread(target=self._start, args=(files,), name="start", daemon=True).start()
        threading.Thread(target=self._tidy, name="tidy", daemon=True).start()

    def changes(self) -> tuple[object, ...]:
        """Return what is another value whenever what tabs show of the library or the models may have changed."""
        folder = self._library.folder
        folders = (folder.catalog.folder, folder.readings.folder)
        return (self.state, tuple(map(_changed, folders)), self.introducer.states, self.conversations_changed())

    def conversations_changed(self) -> int:
        """Return what is another number whenever a conversation was kept, renamed or removed."""
        return _changed(self._library.folder.conversations.folder)

    def change(self, settings: Settings) -> None:
        """Use other models or read in another way, from now on and in all tabs.

        Raises ModelError if the reader cannot be loaded, WriterError for a writer's address that is none, and the
        engine's errors for settings that it refuses. Then everything stays as it was.
        """
        with self._changing:
            changed = self._library.with_settings(settings)
            changed.load()
            _ = changed.writer
            self._find_heads(changed)
            self._library = changed
            if self._state.phase is not Phase.READING:
                self._state = self._ready()

    def choose(self, settings: Settings) -> None:
        """Use these settings from now on. A model that has to be fetched first is fetched, and then used.

        Raises what `change` raises, and WholedocError while another model is on its way.
        """
        with self._changing:
            now = self._library.settings
            if self._library.models_are_elsewhere:
                self.change(settings)
                return
            wanted = self._missing(settings, now)
            self._make_way(now, settings, wanted)
            if any(one.role is Role.READER for one in wanted):
                settings = replace(settings, model=now.model)
            if missing_writer(settings, self._models) is not None:
                settings = replace(settings, answer_model=now.answer_model)
            if settings != now:
                self.change(settings)
            if wanted:
                self._fetching.start(wanted, self._arrived)

    def stop_fetching(self) -> None:
        """Stop fetching models, or forget what became of the last fetch. What has arrived is kept."""
        if self._fetching.running is not None:
            self._fetching.stop()
        else:
            self._fetching.forget()

    def take_notices(self) -> list[str]:
        """Return the library's messages since the last call: what it removed, what it reads again and why."""
        taken, self._notices = self._notices, []
        return taken

    def notice(self, message: str) -> None:
        """Have a message told to a person."""
        self._notices.append(message)

    def close(self) -> None:
        """Stop fetching, and delete the files that were on their way in."""
        self._fetching.close()
        self.introducer.close()
        self.viewer.close()
        self.folders.close()
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
            if not self._library.models_are_elsewhere:
                self._fetch_reader()
            self._library.load()
            self._find_heads(self._library)
            self._fetch_writer()
            for document in documents:
                for event in self._library.read(document, self.courtesy.aside()):
                    self._state = self._reading(event)
            self._state = self._ready()
            self.folders.start()
        except Exception as error:
            if self._state.phase is not Phase.READY:  # another model may have been chosen meanwhile
                self._state = ModelState(Phase.FAILED, sentence(error))

    def _is_better_read_on(self) -> bool:
        """Return whether the page gains nothing by a reading that steps aside, or somebody loses by it.

        A reading that waits for the model itself is among those who wait.
        """
        return self._library.turns.waiting > 0 or (self.device is not None and self.device.type != "cpu")

    def _find_heads(self, library: Library) -> None:
        if library.settings.scoring is ChunkScoring.SCAN:
            library.heads.find_in_background()

    def _fetch_reader(self) -> None:
        settings = self._library.settings
        if (name := missing_reader(settings, self._models)) is not None:
            found = self._fetching.wait_for(Wanted(Role.READER, name))
            if found != name:
                self._library = self._library.with_settings(replace(settings, model=found))

    def _fetch_writer(self) -> None:
        name = self._named_writer
        if name is None and not self._is_shared:  # who runs a server for programs decides what it fetches
            name = missing_default_writer(self._library.settings, self._models)
        if name is not None:
            self._fetching.start([Wanted(Role.WRITER, name, self._answerer)], self._arrived)

    def _missing(self, settings: Settings, now: Settings) -> list[Wanted]:
        """Return the models that have to be fetched for what is different in `settings`."""
        wanted: list[Wanted] = []
        if settings.model != now.model and (reader := missing_reader(settings, self._models)) is not None:
            wanted.append(Wanted(Role.READER, reader, reader_name(now)))
        if settings.answer_model != now.answer_model:
            writer = missing_writer(settings, self._models) or missing_default_writer(settings, self._models)
            wanted += [Wanted(Role.WRITER, writer, self._answerer)] if writer is not None else []
        return wanted

    def _make_way(self, now: Settings, settings: Settings, wanted: Sequence[Wanted]) -> None:
        """Stop fetching a model whose role another one gets. Raises WholedocError if one is fetched for something
        else."""
        running = self._fetching.running
        if running is None:
            return
        roles = {one.role for one in wanted}
        roles |= {Role.READER} if settings.model != now.model else set()
        roles |= {Role.WRITER} if settings.answer_model != now.answer_model else set()
        if running.role in roles and running not in wanted:
            self._fetching.stop()
        elif wanted:
            raise WholedocError(f"{running.name} is on its way: wait until it is here, or cancel it first.")

    def _arrived(self, wanted: Wanted, name: str) -> None:
        """Use a model that has come, or what has come in its place."""
        with self._changing:
            if self._fetching.running != wanted:  # it was stopped, or another one chosen, at the last moment
                return
            settings = self._library.settings
            if wanted.role is Role.READER:
                settings = replace(settings, model=name)
            elif settings.answer_model is not Answerer.DEFAULT or self._library.writer is None:
                settings = replace(settings, answer_model=name)
            self.change(settings)

    @property
    def _answerer(self) -> str:
        """The name of who answers now."""
        named = self._library.settings.answer_model
        if isinstance(named, str):
            return named
        return self.writer.name if self.writer else reader_name(self._library.settings)

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
        return ModelState(Phase.READY, "Ready", models=self._library.who_answers())

    def _notice(self, message: str) -> None:
        if self._state.phase is Phase.LOADING:
            self._state = replace(self._state, message=message)
        else:
            self._notices.append(message)
