"""The processes that draw pages: one for each document that is looked at now, ended when nobody looks any more."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from wholedoc.documents.rendering import PageRenderer

# So many documents have a process of their own at a time, and keep it for so many seconds after the last page.
MOST = 3
IDLE_S = 60.0
# Gives the path of a file for as long as it is needed, or None if it is not there.
Opened = Callable[[], AbstractContextManager[Path | None]]


@dataclass
class _Kept:
    renderer: PageRenderer
    file: ExitStack
    users: int = 0
    used: float = 0.0

    @classmethod
    def of(cls, opened: AbstractContextManager[Path | None], name: str) -> _Kept | None:
        """Return the renderer of a file, which stays open as long as that; None if it is not there."""
        with ExitStack() as opening:
            path = opening.enter_context(opened)
            return None if path is None else cls(PageRenderer(path, name), opening.pop_all())

    def close(self) -> None:
        self.renderer.close()
        self.file.close()


class Renderers:
    """Keeps a renderer for each of the documents that were looked at last. Threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[str, _Kept] = {}
        self._timer: threading.Timer | None = None

    @contextmanager
    def use(self, document_id: str, opened: Opened, name: str) -> Iterator[PageRenderer | None]:
        """Lend the renderer of a document's file, which `opened` gives; None if it is not there.

        It is not ended meanwhile.
        """
        kept, gone = self._take(document_id, opened, name)
        for one in gone:
            one.close()
        try:
            yield None if kept is None else kept.renderer
        finally:
            if kept is not None:
                with self._lock:
                    kept.users -= 1
                    kept.used = time.monotonic()

    def _take(self, document_id: str, opened: Opened, name: str) -> tuple[_Kept | None, list[_Kept]]:
        """Return the renderer of a document, which has one user more now, and those that are to be ended."""
        with self._lock:
            kept = self._kept.pop(document_id, None) or _Kept.of(opened(), name)
            if kept is None:
                return None, []
            self._kept[document_id] = kept
            kept.users += 1
            spare = [id for id, one in self._kept.items() if not one.users][: max(len(self._kept) - MOST, 0)]
            self._watch()
            return kept, [self._kept.pop(id) for id in spare]

    def close(self) -> None:
        """End all processes. The next page that is drawn starts another."""
        with self._lock:
            gone, self._kept = list(self._kept.values()), {}
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
        for one in gone:
            one.close()

    def _watch(self) -> None:
        if self._timer is None:
            self._timer = threading.Timer(IDLE_S, self._end_idle)
            self._timer.daemon = True
            self._timer.start()

    def _end_idle(self) -> None:
        with self._lock:
            self._timer = None
            limit = time.monotonic() - IDLE_S
            idle = [id for id, one in self._kept.items() if not one.users and one.used <= limit]
            gone = [self._kept.pop(id) for id in idle]
            if self._kept:
                self._watch()
        for one in gone:
            one.close()
