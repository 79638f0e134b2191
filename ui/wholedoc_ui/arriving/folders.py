"""Folders whose documents are read by themselves, for as long as the browser app runs."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from wholedoc import Library
from wholedoc.watching import FolderWatcher, Happened, prepared

# A reading stops within a layer of the model; whoever watches the folder next needs its lock.
STOPPING_S = 10.0


class Folders:
    """The watched folders, each in a thread of its own. They are kept in the library, so a restart knows them.

    `allowed` says whether people may choose folders here: whoever does can read what is in them. `library` returns
    the library to read with now, and `sentence` says what to tell a person about an error.
    """

    def __init__(self, library: Callable[[], Library], sentence: Callable[[Exception], str]) -> None:
        self.allowed = False
        self._library = library
        self._sentence = sentence
        self._changing = threading.Lock()
        self._stops: dict[Path, threading.Event] = {}
        self._threads: dict[Path, threading.Thread] = {}
        self._said: dict[Path, str] = {}

    @property
    def said(self) -> list[str]:
        """What happened last in each folder, as a line for a person."""
        with self._changing:
            return [f"{path}: {said}" for path, said in sorted(self._said.items())]

    def start(self) -> None:
        """Watch the folders of the last time, if people may choose folders here."""
        if self.allowed:
            for one in self._library().folder.watched.all():
                self._watch(Path(one.path))

    def chosen(self) -> list[str]:
        """Return the folders that are kept, as a person wrote them."""
        return [one.path for one in self._library().folder.watched.all()] if self.allowed else []

    def choose(self, names: list[str]) -> None:
        """Watch these folders from now on, and no others. Raises FolderError; then nothing changes.

        The documents of a folder that is left out stay in the library.
        """
        if not self.allowed:
            return
        folder = self._library().folder
        paths = [prepared(folder, Path(name)) for name in names]
        for one in folder.watched.all():
            if Path(one.path) not in paths:
                folder.watched.remove(Path(one.path))
                self._stop(Path(one.path))
        for path in paths:
            self._watch(path)

    def close(self) -> None:
        """Stop watching. What is being read goes on the next time."""
        for path in list(self._stops):
            self._stop(path)

    def _watch(self, path: Path) -> None:
        with self._changing:
            if path in self._stops:
                return
            stop = self._stops[path] = threading.Event()
            self._said[path] = "watched"
            thread = threading.Thread(target=self._run, args=(path, stop), name=f"watch {path}", daemon=True)
            self._threads[path] = thread
        thread.start()

    def _stop(self, path: Path) -> None:
        with self._changing:
            stop = self._stops.pop(path, None)
            self._said.pop(path, None)
            thread = self._threads.pop(path, None)
        if stop is not None:
            stop.set()
        if thread is not None:
            thread.join(STOPPING_S)

    def _run(self, path: Path, stop: threading.Event) -> None:
        def tell(happened: Happened) -> None:
            self._say(path, stop, str(happened))

        try:
            FolderWatcher(self._library, path, tell).run(stop)
        except Exception as error:
            self._say(path, stop, self._sentence(error))
            with self._changing:
                if self._stops.get(path) is stop:
                    del self._stops[path]

    def _say(self, path: Path, stop: threading.Event, said: str) -> None:
        with self._changing:
            if not stop.is_set():
                self._said[path] = said
