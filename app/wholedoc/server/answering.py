"""Who answers chat requests: the library of this process, or whoever an adapter puts in its place."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Generator
from typing import TYPE_CHECKING, Protocol

from ..answer import Event
from ..reading.worker import ReadingWorker
from ..runtime.client import Client
from ..runtime.threaded_generator import Cancel, ThreadedGenerator
from ..storage.shelf import Shelf
from .posing import answer, pose
from .protocol.requests import ChatRequest
from .served_model import LoadedModel, ServedModel

if TYPE_CHECKING:
    from ..library import Library


class Events(Protocol):
    """The events of one answer. Iterating raises the errors of the work."""

    def __aiter__(self) -> AsyncIterator[Event]: ...

    async def __anext__(self) -> Event: ...

    def stop(self) -> None:
        """Ask the work to stop; the remaining events are not wanted any more."""


class Answering(Protocol):
    """Answers chat requests with a model, which may be in another process."""

    @property
    def model(self) -> ServedModel: ...

    def start(self) -> None:
        """Start loading the model, and come back at once. It is called in the event loop."""

    def stop(self) -> None:
        """Begin no more work. Answers that have begun go on."""

    def begin(self, asked: ChatRequest, shelf: Shelf, client: Client, on_end: Callable[[], None]) -> Events:
        """Starts the work on a request of somebody who sees this shelf.

        `on_end` is called in the event loop when it has ended, however it did.
        """


class AnsweringHere:
    """Answers with the library of this process, each request in a thread of its own."""

    def __init__(self, library: Library) -> None:
        self.model: ServedModel = LoadedModel(library)
        self._library = library
        self._jobs = ReadingWorker(library)

    def start(self) -> None:
        self.model.load()
        self._jobs.start()

    def stop(self) -> None:
        self._jobs.stop()

    def begin(self, asked: ChatRequest, shelf: Shelf, client: Client, on_end: Callable[[], None]) -> Events:
        def events(cancelled: Cancel) -> Generator[Event, None, None]:
            yield from answer(self._library, pose(shelf, asked), client, cancelled)

        return ThreadedGenerator(events, name="wholedoc-request", daemon=True, on_end=on_end)
