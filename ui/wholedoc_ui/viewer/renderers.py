"""The processes that draw pages: one for each document that is looked at now, ended when nobody looks any more."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from wholedoc.documents.rendering import PageRenderer

# So many documents have a process of their own at a time, and keep it for so many seconds after the last page.
MOST = 3
IDLE_S = 60.0


@dataclass
class _Kept:
    renderer: PageRenderer
    used: float = field(default_factory=time.monotonic)


class Renderers:
    """Keeps a renderer for each of the documents that were looked at last. Threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[str, _Kept] = {}
        self._timer: threading.Timer | None = None

    def get(self, document_id: str, file: Path, name: str) -> PageRenderer:
        """Return the renderer of a document's file."""
        with self._lock:
            kept = self._kept.pop(document_id, None) or _Kept(PageRenderer(file, name))
            kept.used = time.monotonic()
            self._kept[document_id] = kept
            gone = [self._kept.pop(id) for id in list(self._kept)[:-MOST]]
            self._watch()
        for one in gone:
            one.renderer.close()
        return kept.renderer

    def close(self) -> None:
        """End all processes. The next page that is drawn starts another."""
        with self._lock:
            gone, self._kept = list(self._kept.values()), {}
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
        for one in gone:
            one.renderer.close()

    def _watch(self) -> None:
        if self._timer is None:
            self._timer = threading.Timer(IDLE_S, self._end_idle)
            self._timer.daemon = True
            self._timer.start()

    def _end_idle(self) -> None:
        with self._lock:
            self._timer = None
            limit = time.monotonic() - IDLE_S
            gone = [self._kept.pop(id) for id, one in list(self._kept.items()) if one.used <= limit]
            if self._kept:
                self._watch()
        for one in gone:
            one.renderer.close()
