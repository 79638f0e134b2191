"""Writing chunks to disk beside the computing: a thread of its own, and a queue that is never long."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import Queue
from types import TracebackType

from parallelcomp import Fetching, StoredKV

from ...errors import storage_error
from .chunk_store import ChunkStore


class ChunkWriter:
    """Writes chunks into a store: `with ChunkWriter(store, 2) as writer: writer.put(key, kv)`.

    Whatever waits when the disk has become free is forced to disk together; on a disk that keeps up, that is every
    chunk by itself and at once. At most `waiting` chunks wait, and whoever puts one more waits, too. `durable` is
    called in the writer's thread with the key of every chunk that is on disk for good. `fetching` begins to fetch a
    chunk's KV into the host's memory; what it returns is called in the writer's thread.

    Leaving the block waits until all that was put is durable. It raises LibraryError if something could not be
    written, as does the next `put`; what was written before that is kept.
    """

    def __init__(
        self,
        store: ChunkStore,
        waiting: int,
        *,
        fetching: Fetching = lambda kv: lambda: kv,
        durable: Callable[[str], None] = lambda key: None,
    ) -> None:
        self._store, self._fetching, self._durable = store, fetching, durable
        self._queue: Queue[tuple[str, Callable[[], StoredKV]] | None] = Queue(max(waiting, 1))
        self._failed: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="chunk-writer", daemon=True)

    def __enter__(self) -> ChunkWriter:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._queue.put(None)
        self._thread.join()
        if error is None:
            self._check()

    def put(self, key: str, kv: StoredKV) -> None:
        """Have a chunk written; until it is durable the store has it in `unwritten`. Raises LibraryError."""
        self._check()
        self._store.unwritten[key] = kv
        self._queue.put((key, self._fetching(kv)))

    def _check(self) -> None:
        if isinstance(self._failed, OSError):
            raise storage_error(self._store.folder, self._failed) from self._failed
        if self._failed is not None:
            raise self._failed

    def _run(self) -> None:
        going = True
        while going:
            taken = [self._queue.get()]
            while not self._queue.empty():  # nobody else takes anything out of it
                taken.append(self._queue.get())
            going = taken[-1] is not None
            self._write([one for one in taken if one is not None])

    def _write(self, group: list[tuple[str, Callable[[], StoredKV]]]) -> None:
        """Write these chunks. After an error they are dropped, so that nobody waits for a place in the queue."""
        try:
            if self._failed is None:
                self._store.put_together((key, fetch()) for key, fetch in group)
                for key, _ in group:
                    self._durable(key)
        except Exception as error:  # whoever puts the next chunk is told
            self._failed = error
        finally:
            for key, _ in group:
                self._store.unwritten.pop(key, None)
