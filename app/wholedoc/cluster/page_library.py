"""The library of the browser app in an ingress: documents in the shared folder, and the replicas' model."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import TimeoutError as StillWaiting
from typing import Any

from parallelcomp import Cancelled, ClusteredHeads, ClusterError

from ..answer import Event, Expected, Introduction, Planned, Reading, Token
from ..conversation import Turn
from ..documents.document import Document
from ..errors import ModelError, WholedocError
from ..everywhere.kinds import Kind, Scope
from ..library import Library
from ..reading.head_finder import HeadFinder
from ..runtime.client import NOBODY, Client
from ..runtime.turns import Errand
from ..server.protocol.errors import ApiError
from ..settings import Settings
from ..storage.folder import LibraryFolder
from .calls import Call, Method, Returned
from .sending import Sender

Cancel = Callable[[], bool]
# How often who waits for a replica looks whether it was cancelled, in seconds.
POLL_S = 0.2
STARTED_WITH = "a cluster reads and writes with what it was started with: start it with other options"


class PageLibrary(Library):
    """A library whose methods that need a model are answered by replicas.

    They are called in threads; `loop` returns the event loop in which the ingress speaks to the replicas.
    """

    models_are_elsewhere = True

    def __init__(
        self,
        folder: LibraryFolder,
        settings: Settings,
        sender: Sender,
        loop: Callable[[], asyncio.AbstractEventLoop],
    ) -> None:
        super().__init__(folder, settings)
        self._sender = sender
        self._loop = loop
        self.heads = _FoundElsewhere(lambda: self.model, lambda: self.engine, folder, self.turns, self._notify)

    @property
    def device(self) -> None:
        return None

    def clustered_heads(self) -> ClusteredHeads:
        raise ClusterError(STARTED_WITH)

    def with_settings(self, settings: Settings) -> PageLibrary:
        """Return the same library with other settings for questions. Raises ModelError for another model."""
        if not settings.loads_like(self.settings) or settings.answer_model != self.settings.answer_model:
            raise ModelError(STARTED_WITH)
        other = PageLibrary(self.folder, settings, self._sender, self._loop)
        other.extractions = self.extractions
        return other

    def load(self) -> None:
        """Wait until a replica has loaded its model."""
        self.who_answers()

    def who_answers(self) -> str:
        return str(self._value(Call(Method.WHO_ANSWERS)))

    def wanted(self, question: str, documents: int, scope: Scope, settings: Settings | None = None) -> Kind | None:
        kind: Kind | None = self._value(Call(Method.WANTED, (question, documents, scope, settings)))
        return kind

    def can_ask_everywhere(self, kind: Kind, settings: Settings | None = None) -> bool:
        return bool(self._value(Call(Method.CAN_ASK_EVERYWHERE, (kind, settings))))

    def expected(
        self, documents: Sequence[Document | str], question: str, kind: Kind, settings: Settings | None = None
    ) -> Expected:
        ids = _ids(documents)
        found: Expected = self._value(Call(Method.EXPECTED, (ids, question, kind, settings)), ids)
        return found

    def read(  # type: ignore[override]  # the document that was read stays in the replica
        self,
        document: Document,
        cancelled: Cancel | None = None,
        client: Client = NOBODY,
        errand: Errand = Errand.READING,
    ) -> Generator[Planned | Reading, None, None]:
        """Have a replica read a document: yields Planned and Reading."""
        return self._events(Call(Method.READ, (document.id,), client=client), [document.id], cancelled)

    def stream(
        self,
        documents: Sequence[Document | str],
        question: str,
        *,
        history: Sequence[Turn] = (),
        instructions: str = "",
        stop: Sequence[str] = (),
        settings: Settings | None = None,
        cancelled: Cancel | None = None,
        client: Client = NOBODY,
    ) -> Iterator[Event]:
        options = {
            "history": tuple(history),
            "instructions": instructions,
            "stop": tuple(stop),
            "settings": settings,
        }
        ids = _ids(documents)
        return self._events(Call(Method.STREAM, (ids, question), options, client), ids, cancelled)

    def everywhere(
        self,
        documents: Sequence[Document | str],
        question: str,
        *,
        kind: Kind | None = None,
        history: Sequence[Turn] = (),
        settings: Settings | None = None,
        cancelled: Cancel | None = None,
        client: Client = NOBODY,
    ) -> Iterator[Event]:
        options = {"kind": kind, "history": tuple(history), "settings": settings}
        ids = _ids(documents)
        return self._events(Call(Method.EVERYWHERE, (ids, question), options, client), ids, cancelled)

    def introduce(
        self, document: Document | str, *, cancelled: Cancel | None = None, client: Client = NOBODY
    ) -> Generator[Any, None, Introduction]:
        ids = _ids([document])
        return self._events(Call(Method.INTRODUCE, (ids[0],), client=client), ids, cancelled)

    def _value(self, call: Call, ids: Sequence[str] = ()) -> Any:
        """Return what a method without events returns. Raises WholedocError."""
        events = self._events(call, ids, None)
        while True:
            try:
                next(events)
            except StopIteration as stop:
                return stop.value

    def _events(self, call: Call, ids: Sequence[str], cancelled: Cancel | None) -> Generator[Any, None, Any]:
        """Yield a method's events, and return what it returns. Raises WholedocError and Cancelled.

        Closing this stops the replica's work.
        """
        # A page shows the words of an answer as they come, and another replica may not repeat them.
        messages = self._sender.messages(
            lambda _: (call, tuple(ids)), ids, told=lambda message: isinstance(message, Token)
        )
        try:
            while True:
                message = self._next(messages, cancelled)
                if isinstance(message, Returned):
                    return message.value
                yield message
        except ApiError as error:
            raise WholedocError(error.detail) from error
        finally:
            asyncio.run_coroutine_threadsafe(messages.aclose(), self._loop()).result()

    def _next(self, messages: Any, cancelled: Cancel | None) -> Any:
        """Wait for the next message. Raises ApiError, and Cancelled."""
        waiting = asyncio.run_coroutine_threadsafe(_anext(messages), self._loop())
        while True:
            try:
                return waiting.result(POLL_S)
            except StillWaiting:
                if cancelled is not None and cancelled():
                    waiting.cancel()
                    raise Cancelled("stopped while a replica was at work") from None


class _FoundElsewhere(HeadFinder):
    """The replicas find the heads of their model."""

    def find_in_background(self) -> None:
        """Nothing is found here."""


async def _anext(messages: Any) -> Any:
    return await anext(messages)


def _ids(documents: Sequence[Document | str]) -> tuple[str, ...]:
    return tuple(one if isinstance(one, str) else one.id for one in documents)
