"""Long work of a tool: in a thread, with progress for the assistant, and stopped when the assistant cancels it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, TypeVar

import anyio
from anyio import from_thread, to_thread
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError

from ..answer import Answer, AskingParts, Done, Event, Reading, Scoring
from ..errors import explain

T = TypeVar("T")
Cancel = Callable[[], bool]
Tell = Callable[[int, float, str], None]
# Work has so many steps (recognising, reading, asking, writing); progress is counted in them.
STEPS = 4
_LEAST_SECONDS = 0.2  # between two notifications of the same step


async def in_thread(context: Context[Any, Any], work: Callable[[Cancel, Tell], T]) -> T:
    """Run `work(cancelled, tell)` in a thread, and return its result.

    `tell(step, share, message)` notifies the assistant. Raises ToolError for what a person can cause.
    """
    stopped = threading.Event()
    try:
        return await to_thread.run_sync(work, stopped.is_set, _teller(context), abandon_on_cancel=True)
    except Exception as error:
        sentence = explain(error)
        if sentence is None:
            raise
        raise ToolError(sentence) from error
    finally:
        stopped.set()


def answer_of(events: Iterator[Event], tell: Tell) -> Answer:
    """Run a question's events to its end, tell how far it is, and return the answer."""
    for event in events:
        if isinstance(event, Reading):
            message = f"reading {event.document}: {event.tokens:,} of {event.total_tokens:,} tokens"
            tell(1, event.tokens / max(event.total_tokens, 1), message)
        elif isinstance(event, Scoring | AskingParts):
            what = "parts" if isinstance(event, AskingParts) else "chunks"
            tell(2, event.done / max(event.total, 1), f"asking: {event.done:,} of {event.total:,} {what}")
        elif isinstance(event, Done):
            tell(STEPS, 0.0, "done")
            return event.answer
    raise AssertionError("a question's events end with Done")


def _teller(context: Context[Any, Any]) -> Tell:
    """Return a function that sends progress from a thread. Progress never goes back, as the protocol wants it."""
    last = [-1.0, 0.0]

    def tell(step: int, share: float, message: str) -> None:
        progress, now = step + min(share, 1.0), time.monotonic()
        if progress <= last[0] or (int(progress) == int(last[0]) and now < last[1] + _LEAST_SECONDS):
            return
        last[:] = progress, now
        with suppress(anyio.RunFinishedError, anyio.ClosedResourceError, anyio.BrokenResourceError):
            from_thread.run(context.report_progress, progress, float(STEPS), message)

    return tell
