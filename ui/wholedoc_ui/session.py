"""One browser tab: its selection, its conversation, what it looks at, and the work that runs for it."""

from __future__ import annotations

import shutil
import threading
from dataclasses import dataclass, field, replace
from pathlib import Path

from wholedoc import Answer, Citation, ScoredChunk, Turn

# Zoom of a page, in per cent of the panel's width.
ZOOMS = (100, 150, 200, 300)


class Work:
    """Something long that a person can stop, and with it what runs `beside` it and began earlier."""

    def __init__(self, beside: Work | None = None) -> None:
        self._stop = threading.Event()
        self.beside = beside

    def stop(self) -> None:
        self._stop.set()
        if self.beside is not None:
            self.beside.stop()

    def finish(self) -> None:
        """It is over, the work beside it is not."""
        self._stop.set()

    def stopped(self) -> bool:
        return self._stop.is_set()


@dataclass(frozen=True)
class Evidence:
    """What speaks for an answer, as far as it is known: `found` is None while it is being looked for."""

    chunks: tuple[ScoredChunk, ...] = ()
    citations: tuple[Citation, ...] = ()
    found: bool | None = None

    @property
    def document_ids(self) -> tuple[str, ...]:
        """The documents that were asked."""
        return tuple(dict.fromkeys(chunk.document_id for chunk in self.chunks))


@dataclass
class Exchange:
    """A question and what became of it: `text` grows while it is answered, `answer` is there when it is done.

    `status` is what is going on, or why it ended early.
    """

    question: str
    text: str = ""
    status: str = ""
    evidence: Evidence | None = None
    answer: Answer | None = None


@dataclass(frozen=True)
class PageView:
    """The page that is open. `page` is 1-based; `quote` is highlighted; `zoom` in per cent."""

    document_id: str
    page: int
    quote: str = ""
    zoom: int = ZOOMS[0]

    def turned(self, pages: int, by: int) -> PageView:
        """The page `by` further on, within 1 and `pages`; a quote stays on its own page."""
        page = min(max(self.page + by, 1), pages)
        return self if page == self.page else replace(self, page=page, quote="")

    def zoomed(self, by: int) -> PageView:
        """`by` steps of zoom larger or smaller."""
        step = min(max(ZOOMS.index(self.zoom) + by, 0), len(ZOOMS) - 1)
        return replace(self, zoom=ZOOMS[step])


@dataclass
class Session:
    """`selected` are ids of the documents that are asked; `chose` says that a person chose them. `being_read` are
    documents that this tab reads now, `arriving` those of them that the library did not know before, `asked` those
    that a question is going to. `locked` are files that want a password. `shown` is the exchange whose evidence is
    beside the chat."""

    selected: list[str] = field(default_factory=list)
    chose: bool = False
    exchanges: list[Exchange] = field(default_factory=list)
    shown: Exchange | None = None
    view: PageView | None = None
    reading: Work | None = None
    asking: Work | None = None
    being_read: set[str] = field(default_factory=set)
    arriving: set[str] = field(default_factory=set)
    asked: set[str] = field(default_factory=set)
    locked: list[Path] = field(default_factory=list)

    @property
    def history(self) -> list[Turn]:
        """Finished turns, for a follow-up."""
        return [Turn(one.question, one.answer.text) for one in self.exchanges if one.answer]

    def stop(self) -> None:
        """Stop whatever runs for this tab."""
        for work in (self.reading, self.asking):
            if work is not None:
                work.stop()


class Sessions:
    """All open tabs, by the id that the browser page gave itself."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: dict[str, Session] = {}

    def __len__(self) -> int:
        return len(self._open)

    def get(self, id: str) -> Session:
        """The session of a tab, new if it is not known."""
        with self._lock:
            return self._open.setdefault(id, Session())

    def stop(self, id: str) -> None:
        """The tab went away, perhaps for a moment: stop its work, keep its conversation."""
        session = self._open.get(id)
        if session is not None:
            session.stop()

    def end(self, id: str) -> None:
        """The tab is gone for good: forget it."""
        with self._lock:
            session = self._open.pop(id, None)
        if session is not None:
            session.stop()
            for path in session.locked:
                shutil.rmtree(path.parent, ignore_errors=True)

    def arriving_elsewhere(self, session: Session) -> set[str]:
        """Documents on their way in for other tabs: nobody else's business until they are read."""
        return {id for other in self._others(session) for id in other.arriving}

    def in_use_elsewhere(self, session: Session) -> set[str]:
        """Documents that other tabs are reading or asking now."""
        return {id for other in self._others(session) for id in other.being_read | other.asked}

    def _others(self, session: Session) -> list[Session]:
        with self._lock:
            return [other for other in self._open.values() if other is not session]
