"""The tasks by their kind: a file each, and a line here.

A task takes a `PartsAsking` and yields AskingParts, Cited, Token and Done. Comparing asks whole documents and not
their parts, and so is called for itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..asking import Events, PartsAsking
from ..kinds import Kind
from ..notes import sections_to_note
from . import checking, listing
from .changes import changes
from .checking import check
from .listing import list_items
from .summarising import summarise


@dataclass(frozen=True)
class Task:
    """What is done for a kind of question, and about how many parts or sections the writer is asked at most."""

    run: Callable[[PartsAsking], Events]
    asks: Callable[[PartsAsking], int]


LISTING = Task(list_items, listing.parts_to_ask)
TASKS: dict[Kind, Task] = {
    Kind.LIST: LISTING,
    Kind.CHECK: Task(check, checking.parts_to_ask),
    Kind.SUMMARY: Task(summarise, sections_to_note),
    Kind.CHANGES: Task(changes, lambda asking: 0),
}


def task_of(kind: Kind) -> Task:
    """Return the task of a kind. What looks like a question to one place is a list if every part is asked."""
    return TASKS.get(kind, LISTING)
