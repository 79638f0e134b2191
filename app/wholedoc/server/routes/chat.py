"""/v1/chat/completions: an answer in one piece or as a stream."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import APIRouter, Body, Request
from pydantic import BaseModel
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from ...answer import Done, Event
from ...runtime import tracing
from ...runtime.client import Client
from ...storage.shelf import Shelf
from ..answering import Events
from ..guarding.bodies import BoundedRoute
from ..guarding.disconnect import DisconnectedError, cancel_on_disconnect
from ..middleware import DOCUMENTS
from ..observing.metrics import Metrics
from ..protocol.completion import Completion
from ..protocol.errors import api_error
from ..protocol.requests import ChatRequest, check_supported
from ..protocol.responses import ChatCompletion
from ..state import State, client_of, shelf_of, state_of
from ..user_shelf import shown

router = APIRouter(route_class=BoundedRoute)
SendText = Callable[[str], Awaitable[None]]
# Many clients end a line at these too, so that a document's words would become an event of their own. In JSON they
# may be written so.
LINE_ENDS = {ord(sign): f"\\u{ord(sign):04x}" for sign in "\x85\u2028\u2029"}
# A silent stream sends a comment this often, in seconds, so that no proxy takes the connection for dead.
HEARTBEAT_S = 10.0
_STREAM: dict[str, Any] = {"text/event-stream": {"schema": {"type": "string"}}}


class RunningRequest:
    """A request that is being answered: its events, and the response that is built from them."""

    def __init__(self, state: State, shelf: Shelf, completion: Completion, work: Events, received: float) -> None:
        self.completion = completion
        self.work = work
        self._state = state
        self._shelf = shelf
        self._received = received

    async def next_event(self) -> Event | None:
        """Returns the next event, or None at the end, and records it in the metrics.

        Raises the errors of the work.
        """
        event = await anext(self.work, None)
        if event is not None:
            self.completion.observe(event)
        if isinstance(event, Done):
            queued = self.completion.started - self._received
            self._state.metrics.count_answer(event.answer, queued + (self.completion.first_token_s or 0.0))
        return event and shown(event, self._shelf)

    async def response(self) -> ChatCompletion:
        """Waits for the whole answer and returns the response."""
        while (event := await self.next_event()) is not None:
            if isinstance(event, Done):
                return self.completion.response(event.answer)
        raise AssertionError("an answer ends with Done")


@router.post(
    "/v1/chat/completions",
    response_model=ChatCompletion,
    responses={200: {"content": _STREAM, "description": "The answer, or server-sent events if `stream` is true."}},
)
async def complete(request: Request, asked: Annotated[ChatRequest, Body()]) -> Response:
    """Answers the last message from the documents in the messages, or as an ordinary chat if there are none."""
    received, state = time.monotonic(), state_of(request)
    request.scope[DOCUMENTS] = asked.file_ids
    state.model.check(asked.model)
    check_supported(asked)
    client = client_of(request, _user(asked))
    running = await cancel_on_disconnect(request.receive, _start(request, client, asked, received))
    try:
        if asked.stream:
            # Every reason to refuse is known by the first event, while the status can still be chosen.
            first = await cancel_on_disconnect(request.receive, running.next_event())
            return EventStreamResponse(running, first, state.metrics)
        return _json(await cancel_on_disconnect(request.receive, running.response()))
    except BaseException:
        running.work.stop()
        raise


class EventStreamResponse(Response):
    """The answer as server-sent events. The work stops when the client disconnects."""

    def __init__(self, running: RunningRequest, first: Event | None, metrics: Metrics) -> None:
        super().__init__(media_type="text/event-stream", headers={"Cache-Control": "no-cache"})
        del self.headers["content-length"]
        self._running = running
        self._first = first
        self._metrics = metrics
        self._last_sent = 0.0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            await cancel_on_disconnect(receive, self._send_body(send))
        except DisconnectedError:
            self._metrics.count_disconnect()
        finally:
            self._running.work.stop()

    async def _send_body(self, send: Send) -> None:
        async def send_text(text: str) -> None:
            self._last_sent = time.monotonic()
            await send({"type": "http.response.body", "body": text.encode(), "more_body": True})

        # Heartbeats come from a task of their own, so that no event ever waits for them.
        heartbeats = asyncio.ensure_future(self._send_heartbeats(send_text))
        try:
            await self._send_events(send_text)
        except Exception as error:
            await send_text(_data(api_error(error).body))
        finally:
            heartbeats.cancel()
        await send({"type": "http.response.body", "body": b""})

    async def _send_events(self, send_text: SendText) -> None:
        completion = self._running.completion
        await send_text(_data(completion.first_chunk()))
        event = self._first
        while event is not None:
            for chunk in completion.chunks(event):
                await send_text(_data(chunk))
            event = await self._running.next_event()
        await send_text("data: [DONE]\n\n")

    async def _send_heartbeats(self, send_text: SendText) -> None:
        """Sends comments, which clients skip, while nothing else is sent."""
        while True:
            await asyncio.sleep(HEARTBEAT_S)
            if time.monotonic() - self._last_sent >= HEARTBEAT_S:
                await send_text(": still at it\n\n")


async def _start(request: Request, client: Client, asked: ChatRequest, received: float) -> RunningRequest:
    """Waits for a slot and for the model, then starts the work. Raises ApiError."""
    state, shelf = state_of(request), shelf_of(request)
    with tracing.span("wait for a place"):
        slot = await state.rate_limiter.acquire(client)
    try:
        await state.model.wait_loaded()
        completion = Completion(
            state.model.name,
            time.monotonic() - received,
            progress=asked.return_progress is not False,
            usage=bool(asked.stream_options and asked.stream_options.include_usage),
        )
        work = state.answering.begin(asked, shelf, client, slot.release)
    except BaseException:
        slot.release()
        raise
    return RunningRequest(state, shelf, completion, work, received)


def _user(asked: ChatRequest) -> str | None:
    return asked.safety_identifier or asked.user


def _json(answer: BaseModel) -> Response:
    return Response(answer.model_dump_json(), media_type="application/json")


def _data(chunk: BaseModel) -> str:
    return f"data: {chunk.model_dump_json(exclude_unset=True).translate(LINE_ENDS)}\n\n"
