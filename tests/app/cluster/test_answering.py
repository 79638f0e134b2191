"""What the ingress does with what replicas send, without Ray's processes: replicas here are lists of messages."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

pytest.importorskip("ray")
from prometheus_client import CollectorRegistry, generate_latest
from ray.exceptions import RayActorError

from wholedoc import Answer, Done, Library, Settings, Token, Usage
from wholedoc.answer import Timings
from wholedoc.cluster.answering import AnsweringByReplicas
from wholedoc.cluster.messages import Began, Failed
from wholedoc.cluster.metrics import ReplicaMetrics
from wholedoc.cluster.sending import ATTEMPTS
from wholedoc.runtime.client import NOBODY
from wholedoc.server.protocol.errors import ApiError
from wholedoc.server.protocol.requests import ChatRequest

LOST = RayActorError()
ANSWER = Answer("?", "Yes.", True, (), (), (), Usage(0, 0, 0, 0, 0), Timings(0, 0, 0))
ASKED = ChatRequest.model_validate({"messages": [{"role": "user", "content": "Is it?"}]})


class Messages:
    """What one replica sends; an error is raised where it stands."""

    def __init__(self, messages: Sequence[Any]) -> None:
        self._messages = messages
        self.cancelled = False

    async def __aiter__(self) -> AsyncIterator[Any]:
        for message in self._messages:
            if isinstance(message, Exception):
                raise message
            yield message

    def cancel(self) -> None:
        self.cancelled = True


class Handle:
    """Sends every request to the next of the replicas, and notes by which keys."""

    def __init__(self, *replicas: Sequence[Any]) -> None:
        self.sent: list[Messages] = []
        self.keys: list[str] = []
        self._left = [Messages(one) for one in replicas]

    def options(self, session_id: str | None = None, **_rest: Any) -> Handle:
        if session_id is not None:
            self.keys.append(session_id)
        return self

    def remote(self, *_arguments: Any) -> Messages:
        self.sent.append(self._left.pop(0))
        return self.sent[-1]


class Asked:
    """One request: its events, its error, how often its slot was given back, and the metrics afterwards."""

    def __init__(
        self, handle: Handle, library: Library, *, stream: bool = False, stop_after: int | None = None
    ) -> None:
        self.events: list[Any] = []
        self.error: ApiError | None = None
        self.ended = 0
        self.registry = CollectorRegistry()
        answering = AnsweringByReplicas(Settings(), handle, ReplicaMetrics(self.registry))  # type: ignore[arg-type]
        asked = ASKED.model_copy(update={"stream": stream})
        asyncio.run(self._run(answering.begin, asked, library, stop_after))

    async def _run(self, begin: Any, asked: ChatRequest, library: Library, stop_after: int | None) -> None:
        answer = begin(asked, library, NOBODY, self._end)
        try:
            async for event in answer:
                self.events.append(event)
                if len(self.events) == stop_after:
                    break
        except ApiError as error:
            self.error = error
        answer.stop()
        await asyncio.sleep(0.01)

    def _end(self) -> None:
        self.ended += 1

    def metric(self, name: str) -> float:
        (line,) = (
            one for one in generate_latest(self.registry).decode().splitlines() if one.startswith(f"{name} ")
        )
        return float(line.rpartition(" ")[2])


def test_an_answer_ends_with_done_and_gives_its_slot_back(library: Library) -> None:
    asked = Asked(Handle([Began("a", True), Token("Yes."), Done(ANSWER)]), library)
    assert asked.events == [Token("Yes."), Done(ANSWER)]
    assert (asked.error, asked.ended >= 1) == (None, True)
    assert asked.metric("wholedoc_sending_seconds_count") == 1


def test_a_replica_that_dies_before_its_first_word_is_replaced_unnoticed(library: Library) -> None:
    handle = Handle([LOST], [Began("b", False), LOST], [Began("c", False), Token("Yes."), Done(ANSWER)])
    asked = Asked(handle, library)
    assert asked.events == [Token("Yes."), Done(ANSWER)]
    assert asked.error is None
    assert asked.metric("wholedoc_lost_replicas_total") == 2


def test_a_replica_that_dies_in_the_middle_of_an_answer_is_an_error_that_can_be_asked_again(
    library: Library,
) -> None:
    asked = Asked(Handle([Began("a", True), Token("Ye"), LOST], [Token("No."), Done(ANSWER)]), library, stream=True)
    assert asked.events == [Token("Ye")]
    assert asked.error is not None
    assert (asked.error.status_code, asked.error.code) == (503, "replica_lost")
    assert "Retry-After" in (asked.error.headers or {})
    assert asked.ended >= 1


def test_an_answer_in_one_piece_is_asked_again_whenever_its_replica_dies(library: Library) -> None:
    asked = Asked(Handle([Began("a", True), Token("Ye"), LOST], [Token("Yes."), Done(ANSWER)]), library)
    assert (asked.events[-1], asked.error) == (Done(ANSWER), None)


def test_a_request_that_kills_every_replica_is_not_tried_for_ever(library: Library) -> None:
    handle = Handle(*[[LOST]] * (ATTEMPTS + 5))
    asked = Asked(handle, library)
    assert asked.error is not None
    assert (len(handle.sent), asked.error.code) == (ATTEMPTS, "replica_lost")


def test_an_error_of_the_replica_is_the_clients(library: Library) -> None:
    failed = Failed(400, "too long", "context_length_exceeded", None, {})
    asked = Asked(Handle([Began("a", True), failed]), library)
    assert asked.error is not None
    assert asked.error.body == failed.error.body


def test_a_client_that_goes_away_cancels_the_work(library: Library) -> None:
    handle = Handle([Began("a", True), Token("Y"), Token("e"), Token("s"), Done(ANSWER)])
    asked = Asked(handle, library, stop_after=1)
    assert (asked.events, handle.sent[0].cancelled, asked.ended >= 1) == ([Token("Y")], True, True)


def test_a_text_is_routed_by_its_own_key(library: Library) -> None:
    text = "A ship came in. " * 600
    body = {"messages": [{"role": "user", "content": f"{text}\n\nWhich ship?"}]}
    handle = Handle([Done(ANSWER)], [Done(ANSWER)])
    for asked in (ChatRequest.model_validate(body), ASKED):
        answering = AnsweringByReplicas(Settings(), handle, ReplicaMetrics(CollectorRegistry()))  # type: ignore[arg-type]

        async def answered(answering: AnsweringByReplicas = answering, asked: ChatRequest = asked) -> None:
            async for _ in answering.begin(asked, library, NOBODY, lambda: None):
                pass

        asyncio.run(answered())
    assert [len(keys) for keys in handle.keys] == [20, 0]
