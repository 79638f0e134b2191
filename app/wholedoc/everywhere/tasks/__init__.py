"""The tasks by their kind: a file each, and a line here.

A task takes a `PartsAsking` and yields AskingParts, Cited, Token and Done. Comparing asks whole documents and not
their parts, and so is called for itself.
"""

from __future__ import annotations

from collections.abc import Callable

from ..asking import Events, PartsAsking
from ..kinds import Kind
from .changes import changes
from .checking import check
from .listing import list_items
from .summarising import summarise

Task = Callable[[PartsAsking], Events]
TASKS: dict[Kind, Task] = {
    Kind.LIST: list_items,
    Kind.CHECK: check,
    Kind.SUMMARY: summarise,
    Kind.CHANGES: changes,
}


def task_of(kind: Kind) -> Task:
    """Return the task of a kind. What looks like a question to one place is a list if every part is asked."""
    return TASKS.get(kind, list_items)
