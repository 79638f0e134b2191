"""The tasks by their kind. A new one is a file of its own and a line here."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator

from ..answer import AskingParts, Cited, Done, Event, Token
from . import changes, comparing
from .asking import PartsAsking, tell
from .checking import check
from .kinds import Kind
from .listing import list_items
from .summarising import summarise

Task = Callable[[PartsAsking], Generator[AskingParts | Cited | Token | Done, None, None]]
TASKS: dict[Kind, Task] = {Kind.LIST: list_items, Kind.CHECK: check, Kind.SUMMARY: summarise}


def task_of(kind: Kind) -> Task:
    """Return the task of a kind. What looks like a question to one place is a list if every part is asked."""
    return TASKS.get(kind, list_items)


def compared(asking: PartsAsking, ask_one: comparing.AskOne) -> Generator[Event, None, None]:
    """Compare whole documents: yields the events of the question to each, then Token and Done."""
    started = time.perf_counter()
    documents = asking.documents
    if changes.asks_for_changes(asking.question, documents):
        everywhere, citations = changes.changes(*documents)
        text = changes.told(everywhere)
    else:
        everywhere, citations = yield from comparing.compare(documents, asking.question, ask_one)
        text = comparing.told(everywhere)
    yield from tell(asking, started, text, everywhere, citations)
