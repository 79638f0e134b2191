"""Chat requests that are answered by replicas."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import suppress
from dataclasses import replace
from typing import Any

from ray.serve.handle import DeploymentHandle

from ..answer import Done, Event, Token
from ..documents.texts import text_document
from ..runtime.client import Client
from ..server.posing import Posed, pose
from ..server.protocol.requests import ChatRequest
from ..server.served_model import Phase, ServedModel
from ..settings import Settings
from ..storage.shelf import Shelf
from .messages import ModelState
from .metrics import ReplicaMetrics
from .sending import Sender


class ReplicasModel(ServedModel):
    """The model that every replica has loaded."""

    def __init__(self, settings: Settings, replicas: DeploymentHandle[Any]) -> None:
        super().__init__(settings)
        self._replicas = replicas
        self._state: ModelState | None = None
        self._asking: asyncio.Task[None] | None = None

    @property
    def phase(self) -> Phase:
        return Phase.LOADING if self._state is None else Phase.READY

    @property
    def longest_document(self) -> int | None:
        return self._state.longest_document if self._state is not None else None

    def load(self) -> None:
        """Wait in the background for the first replica that has loaded the model."""
        self._asking = asyncio.ensure_future(self._ask())

    async def _ask(self) -> None:
        self._state = await self._replicas.model_state.remote()


class AnsweringByReplicas:
    """Takes requests apart here, and has them answered by the replica that suits their documents."""

    def __init__(self, settings: Settings, replicas: DeploymentHandle[Any], metrics: ReplicaMetrics) -> None:
        self.model: ServedModel = ReplicasModel(settings, replicas)
        self._sender = Sender(replicas, "answer", metrics)
        self._loop: asyncio.AbstractEventLoop | None = None

    def start(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.model.load()

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The event loop in which replicas are spoken to. It is there once this was started."""
        assert self._loop is not None, "the server has not been started"
        return self._loop

    def stop(self) -> None:
        """Nothing works here by itself."""

    def begin(self, asked: ChatRequest, shelf: Shelf, client: Client, on_end: Callable[[], None]) -> Answer:
        return Answer(self._events(asked, shelf, client), on_end)

    async def _events(self, asked: ChatRequest, shelf: Shelf, client: Client) -> AsyncGenerator[Event, None]:
        posed, ids = await asyncio.to_thread(_pose, shelf, asked)

        def arguments(traceparent: str | None) -> tuple[Posed, tuple[str, ...], Client]:
            return replace(posed, traceparent=traceparent), ids, client

        def told(event: Event) -> bool:
            """Whether the client has seen words of a stream, which another replica might not repeat."""
            return bool(asked.stream) and isinstance(event, Token)

        async for event in self._sender.messages(arguments, ids, told):
            yield event


def _pose(shelf: Shelf, asked: ChatRequest) -> tuple[Posed, tuple[str, ...]]:
    """Take a request apart, and return the ids of its documents, those of texts too. Raises what `pose` raises."""
    posed = pose(shelf, asked)
    return posed, (*posed.documents, *(text_document(text).id for text in posed.prompt.documents))


class Answer:
    """The events of one answer, which come from another process."""

    def __init__(self, events: AsyncGenerator[Event, None], on_end: Callable[[], None]) -> None:
        self._events = events
        self._on_end = on_end
        self._ending: asyncio.Task[None] | None = None

    def __aiter__(self) -> Answer:
        return self

    async def __anext__(self) -> Event:
        if self._ending is not None:
            raise StopAsyncIteration
        try:
            event = await anext(self._events)
        except BaseException:  # its end, an error, or the caller's own cancellation: there is no next event
            self._on_end()
            raise
        if isinstance(event, Done):  # the last event, behind which nobody may look for another one
            self._end(self._finish())
        return event

    def stop(self) -> None:
        """Tell the replica that nobody waits any more."""
        if self._ending is None:
            self._end(self._close())

    def _end(self, work: Coroutine[Any, Any, None]) -> None:
        self._ending = asyncio.ensure_future(work)
        self._ending.add_done_callback(lambda _: self._on_end())

    async def _finish(self) -> None:
        """Let the replica finish what it does after its answer, of which nobody hears any more."""
        with suppress(Exception):
            async for _ in self._events:
                pass

    async def _close(self) -> None:
        await self._events.aclose()
