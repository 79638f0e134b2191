"""Chat requests that are answered by replicas. One that dies is replaced by another, as far as nobody notices."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine
from contextlib import suppress
from dataclasses import replace
from typing import Any

from ray.exceptions import RayActorError
from ray.serve.exceptions import DeploymentUnavailableError
from ray.serve.handle import DeploymentHandle

from ..answer import Done, Event, Token
from ..documents.texts import text_document
from ..runtime import tracing
from ..runtime.client import Client
from ..server.posing import Posed, pose
from ..server.protocol.errors import ApiError
from ..server.protocol.requests import ChatRequest
from ..server.served_model import Phase, ServedModel
from ..settings import Settings
from ..storage.shelf import Shelf
from .messages import LOGGER, Began, Failed, ModelState
from .metrics import ReplicaMetrics
from .placement import document_key

log = logging.getLogger(LOGGER)
# So many replicas are tried for one request. A request whose replicas all die may be what kills them.
ATTEMPTS = 3
RETRY_AFTER_S = 5


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
        self._metrics = metrics
        self._replicas = replicas.options(method_name="answer", stream=True)

    def start(self) -> None:
        self.model.load()

    def stop(self) -> None:
        """Nothing works here by itself."""

    def begin(self, asked: ChatRequest, shelf: Shelf, client: Client, on_end: Callable[[], None]) -> Answer:
        return Answer(self._events(asked, shelf, client), on_end)

    async def _events(self, asked: ChatRequest, shelf: Shelf, client: Client) -> AsyncGenerator[Event, None]:
        posed, ids = await asyncio.to_thread(_pose, shelf, asked)
        told = False  # whether the client has seen words of a stream, which another replica might not repeat
        for attempt in range(ATTEMPTS):
            try:
                async for event in self._ask(posed, ids, client):
                    told = told or (bool(asked.stream) and isinstance(event, Token))
                    yield event
                return
            except (RayActorError, DeploymentUnavailableError) as error:
                log.warning(
                    "attempt %d of %d: the replica was lost (%s)", attempt + 1, ATTEMPTS, type(error).__name__
                )
                self._metrics.count_lost()
                if told:
                    break
        raise ApiError(
            503,
            "the process that answered this was lost: ask again, and what was read until then is not read anew",
            "replica_lost",
            headers={"Retry-After": str(RETRY_AFTER_S)},
        )

    async def _ask(self, posed: Posed, ids: tuple[str, ...], client: Client) -> AsyncIterator[Event]:
        """Yield one replica's events. Raises ApiError, and Ray's errors if the replica dies."""
        keys = " ".join(map(document_key, ids))
        sent = time.monotonic()
        with tracing.aside("ask a replica", side=tracing.Side.CALLING) as span:
            posed = replace(posed, traceparent=span.traceparent)
            messages: Any = self._replicas.options(session_id=keys).remote(posed, ids, client)
            try:
                async for message in messages:
                    if isinstance(message, Failed):
                        raise message.error
                    if isinstance(message, Began):
                        self._metrics.count_sent(message.replica, message.warm, time.monotonic() - sent)
                        span.tell({"wholedoc.replica": message.replica, "wholedoc.warm": message.warm})
                    else:
                        yield message
            finally:
                messages.cancel()


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
