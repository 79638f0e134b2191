"""Documents that are introduced in the background, one after the other, while people go on."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from parallelcomp import Cancelled
from wholedoc import AskingParts, Library


@dataclass(frozen=True)
class Introducing:
    """How far the introduction of a document has come: `done` of `total` sections, 0 of 0 while it waits.

    `seconds_left` is None until it is known. `message` says why it was given up, in words for a person; it is empty
    while the work goes on.
    """

    done: int = 0
    total: int = 0
    seconds_left: float | None = None
    message: str = ""


class Introducer:
    """Introduces documents with the library that `library` returns; `explain` puts an error into words.

    A document whose introduction is done is forgotten here, since the library keeps it.
    """

    def __init__(self, library: Callable[[], Library], explain: Callable[[Exception], str]) -> None:
        self._library, self._explain = library, explain
        self._lock = threading.Lock()
        self._states: dict[str, Introducing] = {}
        self._stopped: set[str] = set()
        self._waiting: list[str] = []
        self._thread: threading.Thread | None = None

    def state(self, document_id: str) -> Introducing | None:
        """Return how far a document's introduction has come; None if nobody wished for it, or it is done."""
        return self._states.get(document_id)

    @property
    def states(self) -> tuple[tuple[str, Introducing], ...]:
        """All that is under way or was given up, which is another value when anything changed."""
        return tuple(self._states.items())

    def wish(self, document_id: str) -> None:
        """Have a document introduced, after those that were wished for before. Does nothing if it is under way."""
        with self._lock:
            known = self._states.get(document_id)
            if known is not None and not known.message:
                return
            self._states[document_id] = Introducing()
            self._stopped.discard(document_id)
            self._waiting.append(document_id)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="introduce", daemon=True)
                self._thread.start()

    def stop(self, document_id: str) -> None:
        """Stop introducing a document. The notes that were finished are kept."""
        with self._lock:
            self._stopped.add(document_id)
            if document_id in self._waiting:
                self._waiting.remove(document_id)
                self._states.pop(document_id, None)

    def close(self) -> None:
        """Stop all of it, and wait until the document that is under way has stopped."""
        with self._lock:
            self._stopped |= set(self._states)
            self._waiting.clear()
            thread = self._thread
        if thread is not None:
            thread.join()

    def _work(self) -> None:
        while (id := self._next()) is not None:
            message = self._introduce(id)
            with self._lock:
                if message:
                    self._states[id] = Introducing(message=message)
                else:
                    self._states.pop(id, None)

    def _next(self) -> str | None:
        with self._lock:
            if self._waiting:
                return self._waiting.pop(0)
            self._thread = None
            return None

    def _introduce(self, id: str) -> str:
        """Introduce a document; return why it was given up, empty if it was not."""
        try:
            for event in self._library().introduce(id, cancelled=lambda: id in self._stopped):
                if isinstance(event, AskingParts):
                    self._states[id] = Introducing(event.done, event.total, event.seconds_left)
        except Cancelled:
            return ""
        except Exception as error:
            return self._explain(error)
        return ""
