"""Spans of an answer by its events: how long it read, scored and wrote, in the process that has the model."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import closing
from enum import Enum
from typing import TYPE_CHECKING

from ...answer import AskingParts, Cited, Done, Event, Planned, Reading, Rewritten, Scored, Scoring, Token
from ...runtime import tracing

if TYPE_CHECKING:
    from ..posing import Posed


class Phase(Enum):
    """What an answer is at; its events say so when a step of it is done."""

    REWRITING = "rewrite the question"
    PREPARING = "prepare"
    READING = "read"
    SCORING = "score"
    ASKING = "ask every part"
    WRITING = "write"

    @classmethod
    def of(cls, event: Event) -> Phase:
        return _PHASES[type(event)]


_PHASES = {
    Rewritten: Phase.REWRITING,
    Planned: Phase.PREPARING,
    Reading: Phase.READING,
    Scoring: Phase.SCORING,
    Scored: Phase.SCORING,
    AskingParts: Phase.ASKING,
    Cited: Phase.WRITING,
    Token: Phase.WRITING,
    Done: Phase.WRITING,
}


def traced(posed: Posed, events: Generator[Event, None, None]) -> Generator[Event, None, None]:
    """Yield the events, in a span that goes on with the request's trace. Closing this closes them."""
    documents = len(posed.documents) + len(posed.prompt.documents)
    with tracing.span("answer", {"wholedoc.documents": documents}, parent=posed.traceparent) as span:
        phases = _Phases()
        try:
            with closing(events):
                for event in events:
                    phases.observe(event)
                    if isinstance(event, Done):
                        span.tell(_told(event))
                    yield event
        finally:
            phases.end()


class _Phases:
    """The phase that is going on: each lasts from the last event of the one before it to its own last event."""

    def __init__(self) -> None:
        self._phase: Phase | None = None
        self._began = self._last = time.time_ns()

    def observe(self, event: Event) -> None:
        phase = Phase.of(event)
        if phase is not self._phase:
            self.end()
            self._phase, self._began = phase, self._last
        self._last = time.time_ns()

    def end(self) -> None:
        if self._phase is not None:
            tracing.past(self._phase.value, self._began, self._last)
        self._phase = None


def _told(done: Done) -> dict[str, tracing.Attribute]:
    used = done.answer.usage
    return {
        "wholedoc.found": done.answer.found,
        "wholedoc.document_tokens": used.document_tokens,
        "wholedoc.cached_tokens": used.cached_tokens,
        "wholedoc.answer_tokens": used.answer_tokens,
    }
