"""A document is read once for all processes that share a library: the others wait, and show the one's progress."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, ExitStack, nullcontext

from parallelcomp import Cancelled

from ..answer import Reading
from ..storage.chunks.chunk_store import ChunkStore
from ..storage.leases import Leases
from .through_store import Plan, Progress, chunks_missing

Cancel = Callable[[], bool]
# How often a process that waits for another one looks how far that is, in seconds.
POLL_S = 0.2
# If no chunk appears for so long, in seconds, who waits begins to read, too. What both read is the same, so that a
# process that hangs, or a file system whose locks do not work, costs time and nothing else.
PATIENCE_S = 60.0


def wait_for_others(
    leases: Leases, store: ChunkStore, plan: Plan, cancelled: Cancel | None = None
) -> Generator[Reading, None, AbstractContextManager[object]]:
    """Wait until no other process reads this document, and yield how far it is meanwhile.

    Returns what must be held while the document is read. If all of it is in the store, nobody waits. Raises
    Cancelled.
    """
    name = plan.name
    missing = changed_with = len(chunks_missing(store, plan))
    changed = time.monotonic()
    while missing:
        held = ExitStack()
        if held.enter_context(leases.take(name)):
            return held
        if cancelled is not None and cancelled():
            raise Cancelled("stopped while another process read the document")
        if time.monotonic() - changed > PATIENCE_S:
            break
        time.sleep(POLL_S)
        left = chunks_missing(store, plan)
        missing = len(left)
        if missing != changed_with:
            changed_with, changed = missing, time.monotonic()
            yield _progress(plan, sum(map(len, left)))
    return nullcontext()


def _progress(plan: Plan, left: int) -> Reading:
    """Return how far another process is: all that it has read comes from the store."""
    done = len(plan.document) - left
    return Progress(plan.document, done=done, cached=done).event()
