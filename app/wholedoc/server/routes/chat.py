"""/v1/chat/completions: an answer in one piece or as it comes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Generator
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Body, Request
from pydantic import BaseModel
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from ...answer import Done, Event
from ...library import Library
from ...prompts.recognition import recognise
from ...prompts.responding import respond
from ..metrics import Metrics
from ..protocol.completion import Completion
from ..protocol.content import plain_messages
from ..protocol.errors import ApiError, api_error
from ..protocol.requests import ChatRequest, check_supported
from ..protocol.responses import ChatCompletion
from ..rate_limiting import Client
from ..state import State, client_of, state_of
from ..work import GoneError, Work, unless_gone

router = APIRouter()
Cancel = Callable[[], bool]
Say = Callable[[str], Awaitable[None]]
# A stream that has nothing to say says so this often, in seconds, so that nobody on the way takes it for dead.
HEARTBEAT_S = 10.0
_STREAM: dict[str, Any] = {"text/event-stream": {"schema": {"type": "string"}}}


class Answering:
    """A request at work: its events, and what is made of them."""

    def __init__(self, state: State, completion: Completion, work: Work[Event], came: float) -> None:
        self.completion = completion
        self.work = work
        self._state = state
        self._came = came

    async def next(self) -> Event | None:
        """The next event, None at the end; what an event says is noted. Raises what the work raises."""
        event = await anext(self.work, None)
        if event is not None:
            self.completion.note(event)
        if isinstance(event, Done):
            queued = self.completion.started - self._came
            self._state.metrics.answered(event.answer, queued + (self.completion.first_token_s or 0.0))
        return event

    async def answer(self) -> ChatCompletion:
        """The whole answer."""
        while (event := await self.next()) is not None:
            if isinstance(event, Done):
                return self.completion.whole(event.answer)
        raise AssertionError("an answer ends with Done")


@router.post(
    "/v1/chat/completions",
    response_model=ChatCompletion,
    responses={200: {"content": _STREAM, "description": "The answer, or server-sent events if `stream` is true."}},
)
async def complete(request: Request, asked: Annotated[ChatRequest, Body()]) -> Response:
    """Answer the last message, from the documents in the messages if there are any, else as in any chat."""
    came, state = time.monotonic(), state_of(request)
    state.model.check(asked.model)
    check_supported(asked)
    answering = await unless_gone(request.receive, _begin(state, client_of(request, _user(asked)), asked, came))
    try:
        if asked.stream:
            # Whatever makes this a refusal is known by the first event, while there still is a status to give.
            first = await unless_gone(request.receive, answering.next())
            return Streamed(answering, first, state.metrics)
        return _json(await unless_gone(request.receive, answering.answer()))
    except BaseException:
        answering.work.stop()
        raise


class Streamed(Response):
    """Server-sent events; whoever stops listening stops the work."""

    def __init__(self, answering: Answering, first: Event | None, metrics: Metrics) -> None:
        super().__init__(media_type="text/event-stream", headers={"Cache-Control": "no-cache"})
        del self.headers["content-length"]
        self._answering = answering
        self._first = first
        self._metrics = metrics
        self._said = 0.0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            await unless_gone(receive, self._send_all(send))
        except GoneError:
            self._metrics.gone()
        finally:
            self._answering.work.stop()

    async def _send_all(self, send: Send) -> None:
        async def say(what: str) -> None:
            self._said = time.monotonic()
            await send({"type": "http.response.body", "body": what.encode(), "more_body": True})

        # A task of its own, so that an event on its way to the client waits for nothing else in the event loop.
        beating = asyncio.ensure_future(self._beat(say))
        try:
            await self._say_all(say)
        except Exception as error:
            await say(_data(api_error(error).body))
        finally:
            beating.cancel()
        await send({"type": "http.response.body", "body": b""})

    async def _say_all(self, say: Say) -> None:
        completion = self._answering.completion
        await say(_data(completion.opening()))
        event = self._first
        while event is not None:
            for chunk in completion.chunks(event):
                await say(_data(chunk))
            event = await self._answering.next()
        await say("data: [DONE]\n\n")

    async def _beat(self, say: Say) -> None:
        """While nothing else is said, comments, which clients skip."""
        while True:
            await asyncio.sleep(HEARTBEAT_S)
            if time.monotonic() - self._said >= HEARTBEAT_S:
                await say(": still at it\n\n")


async def _begin(state: State, client: Client, asked: ChatRequest, came: float) -> Answering:
    """Wait for a place and the model, and start. Raises ApiError."""
    place = await state.rate_limiter.enter(client)
    try:
        await state.model.loaded()
        completion = Completion(
            state.model.name,
            time.monotonic() - came,
            progress=asked.return_progress is not False,
            usage=bool(asked.stream_options and asked.stream_options.include_usage),
        )
        work = Work(lambda cancelled: _events(state.library, asked, client, cancelled), place.leave)
    except BaseException:
        place.leave()
        raise
    return Answering(state, completion, work, came)


def _events(
    library: Library, asked: ChatRequest, client: Client, cancelled: Cancel
) -> Generator[Event, None, None]:
    """What the library says to a request; in a thread."""
    settings = library.settings
    try:
        settings = replace(settings, sampling=replace(settings.sampling, **asked.sampling))
    except ValueError as error:
        raise ApiError(400, str(error), "invalid_value") from error
    messages, documents = plain_messages(library, asked.messages)
    prompt = recognise(messages)
    yield from respond(
        library,
        prompt,
        documents,
        stop=asked.stop,
        settings=settings,
        cancelled=cancelled,
        client=client.name,
    )


def _user(asked: ChatRequest) -> str | None:
    return asked.safety_identifier or asked.user


def _json(answer: BaseModel) -> Response:
    return Response(answer.model_dump_json(), media_type="application/json")


def _data(chunk: BaseModel) -> str:
    return f"data: {chunk.model_dump_json(exclude_unset=True)}\n\n"
