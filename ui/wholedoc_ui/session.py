"""One browser tab: its selection, its conversation, its open page, and the work that runs for it.

Tabs that open the same conversation share it.
"""

from __future__ import annotations

import shutil
import threading
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from wholedoc import Answer, AskedDocument, Citation, Item, Kind, ScoredChunk, Turn
from wholedoc.answer import PageSpan
from wholedoc.runtime.client import NOBODY, Client
from wholedoc.storage.conversations import new_id

from .arriving.arrivals import Arrival, Batch

# So many tabs are told what happens elsewhere.
MOST_FOLLOWED = 256
# A tab that is loaded again is back within so many seconds.
COMES_BACK_S = 20.0


class Work:
    """A long task that a person can stop. That also stops `beside`, a task that began earlier and still runs."""

    def __init__(self, beside: Work | None = None) -> None:
        self._stop = threading.Event()
        self.beside = beside

    def stop(self) -> None:
        self._stop.set()
        if self.beside is not None:
            self.beside.stop()

    def finish(self) -> None:
        """End this task, but not the one beside it."""
        self._stop.set()

    def stopped(self) -> bool:
        return self._stop.is_set()


@dataclass(frozen=True)
class Evidence:
    """What speaks for an answer, as far as it is known. `found` is None until that has been decided.

    `items` are what a question to every part has found so far, `asked` the ids of the documents that it was put to,
    and `answered` where the parts stand that have answered, while it is asked. All are empty for a question to one
    place.
    """

    chunks: tuple[ScoredChunk, ...] = ()
    citations: tuple[Citation, ...] = ()
    found: bool | None = None
    items: tuple[Item, ...] = ()
    asked: tuple[str, ...] = ()
    answered: tuple[PageSpan, ...] = ()

    @property
    def document_ids(self) -> tuple[str, ...]:
        """Ids of the documents that were asked, each once."""
        return self.asked or tuple(dict.fromkeys(chunk.document_id for chunk in self.chunks))


@dataclass(frozen=True)
class Memory:
    """Bytes of memory that the program holds on a kind of device ("cpu", "cuda")."""

    bytes: int
    device: str


@dataclass
class Exchange:
    """A question and its answer. `text` grows while the answer is written; `answer` is set when it is complete.

    `status` tells a person what is going on, or why the answer ended early; it is empty otherwise.
    `standalone` is the question that is asked instead of one that refers to what was said before.
    `kind` is what every part is asked for; None for a question to one place. `documents` are those that are asked,
    and `ended` says that nothing more will come. `memory` is what was in use when it was answered, None if nobody
    knows any more.
    """

    question: str
    text: str = ""
    status: str = ""
    standalone: str = ""
    kind: Kind | None = None
    evidence: Evidence | None = None
    answer: Answer | None = None
    documents: tuple[AskedDocument, ...] = ()
    ended: bool = False
    memory: Memory | None = None


@dataclass
class Conversation:
    """Questions that were asked one after the other, and the work at the one that is being answered.

    It has a name as soon as something was asked. `forgotten` says that it was deleted, and is not to be kept again.
    """

    id: str = field(default_factory=new_id, compare=False)
    name: str = ""
    exchanges: list[Exchange] = field(default_factory=list)
    asking: Work | None = None
    forgotten: bool = False

    @property
    def documents(self) -> tuple[AskedDocument, ...]:
        """The documents that were asked last."""
        return next((one.documents for one in reversed(self.exchanges) if one.documents), ())

    @property
    def history(self) -> list[Turn]:
        """The exchanges that were answered in full, which a follow-up question may refer to."""
        return [Turn(one.question, one.answer.text) for one in self.exchanges if one.answer]


@dataclass(frozen=True)
class PageView:
    """What the viewer was told to open. `page` counts from 1; 0 is where the document was left. `quote` is
    highlighted. Every opening has another `number`, so that the same page can be opened again.
    """

    document_id: str
    page: int = 0
    quote: str = ""
    number: int = field(default=0, compare=False)


@dataclass
class Session:
    """The state of one tab, which is known by its `id`. Documents are known by theirs.

    `client`: who takes turns with others: the address that it was opened from, and this tab of it.
    `selected`: the documents that the next question goes to; `chose` says that a person has chosen them.
    `shown`: the exchange whose evidence is beside the chat; `view`: what was opened there.
    `opened`: how many times something was opened. `looked_at`: the document that was opened last.
    `left`: whether the tab was closed, or is just being loaded again.
    `reading`, `asking`: the tasks that run for this tab.
    `being_read`: the documents that this tab reads now. `batches`: what was dropped here, until it is read or put
    away.
    `asked`: the documents that are being asked now.
    `waiting`: the files that this tab holds until they are read; `locked`: those that wait for their password.
    `models_shown`: the names of the models that this tab's settings show.
    `searched`: the words that the list of conversations is searched for.
    `listed`: what the list of conversations that it shows depends on.
    `watches`: how often this tab began to follow what happens elsewhere. `said`: what it shows of its conversation.
    """

    id: str = ""
    client: Client = field(default=NOBODY, compare=False)
    selected: list[str] = field(default_factory=list)
    chose: bool = False
    conversation: Conversation = field(default_factory=Conversation)
    shown: Exchange | None = None
    view: PageView | None = None
    reading: Work | None = None
    asking: Work | None = None
    being_read: set[str] = field(default_factory=set)
    batches: list[Batch] = field(default_factory=list)
    asked: set[str] = field(default_factory=set)
    waiting: list[Path] = field(default_factory=list)
    locked: list[Path] = field(default_factory=list)
    models_shown: tuple[str, str] | None = None
    searched: str = ""
    listed: tuple[object, ...] = ()
    watches: int = 0
    said: tuple[object, ...] = ()
    opened: int = 0
    looked_at: str = ""
    left: bool = False

    def open(self, document_id: str, page: int = 0, quote: str = "") -> None:
        """Have the viewer open a page of a document, or the document where it was left."""
        self.opened += 1
        self.looked_at = document_id
        self.view = PageView(document_id, page, quote, self.opened)

    @property
    def exchanges(self) -> list[Exchange]:
        """The questions of this tab's conversation."""
        return self.conversation.exchanges

    @property
    def arrivals(self) -> list[Arrival]:
        """What was dropped in this tab and is not done."""
        return [one for batch in self.batches for one in batch.shown]

    def stop(self) -> None:
        """Stop the tasks that run for this tab."""
        for work in (self.reading, self.asking):
            if work is not None:
                work.stop()


class Sessions:
    """All open tabs, by the id that Gradio gives each."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: dict[str, Session] = {}
        self._following: list[Session] = []

    def __len__(self) -> int:
        return len(self._open)

    def get(self, id: str, address: str = "") -> Session:
        """Return the session of a tab; a new one, of this address, if the tab is not known."""
        with self._lock:
            return self._open.setdefault(id, Session(id, Client(address, id)))

    def follow(self, session: Session) -> int:
        """Note that a tab follows what happens elsewhere, for as long as its `watches` are the returned number.

        Of more than MOST_FOLLOWED tabs, the address that has the most loses the one that began first, until
        somebody looks at that tab again.
        """
        with self._lock:
            session.watches += 1
            self._following = [one for one in self._following if one is not session] + [session]
            if len(self._following) > MOST_FOLLOWED:
                counts = Counter(one.client.address for one in self._following)
                left = max(self._following, key=lambda one: counts[one.client.address])  # the first of equals
                left.watches += 1
                self._following.remove(left)
            return session.watches

    def leave(self, id: str) -> None:
        """Stop the work of a tab that went away. A reading is stopped a moment later, if it has not come back."""
        with self._lock:
            session = self._open.get(id)
            if session is None:
                return
            session.watches += 1  # which ends what follows for it
            self._following = [one for one in self._following if one is not session]
        if session.asking is not None:
            session.asking.stop()
        session.left = True
        if session.reading is not None:
            waiting = threading.Timer(COMES_BACK_S, self._stop_if_left, [session])
            waiting.daemon = True
            waiting.start()

    def come_back(self, before: str, id: str) -> Session | None:
        """Return the session of a tab that was loaded again and had another id `before`; None if it is not there.

        The connection of the tab before may end later than this.
        """
        with self._lock:
            session = self._open.pop(before, None)
            if session is None:
                return None
            self._open[id] = session
            session.id, session.left, session.client = id, False, Client(session.client.address, id)
            return session

    def _stop_if_left(self, session: Session) -> None:
        with self._lock:
            gone = session.left
        if gone:
            session.stop()

    def end(self, id: str) -> None:
        """Forget a tab that is gone for good, and delete the files that wait for their password there."""
        with self._lock:
            session = self._open.pop(id, None)
            self._following = [one for one in self._following if one is not session]
        if session is not None:
            session.stop()
            for path in session.locked:
                shutil.rmtree(path.parent, ignore_errors=True)

    def arriving_elsewhere(self, session: Session) -> list[Arrival]:
        """What other tabs are adding to the library now."""
        return [one for other in self._others(session) for one in other.arrivals if one.stage.goes_on]

    def being_read(self) -> set[str]:
        """Ids of documents that any tab is reading now."""
        with self._lock:
            return {id for one in self._open.values() for id in one.being_read}

    def with_conversation(self, id: str) -> list[Session]:
        """The tabs in which a conversation is open."""
        with self._lock:
            return [one for one in self._open.values() if one.conversation.id == id]

    def in_use_elsewhere(self, session: Session) -> set[str]:
        """Ids of documents that other tabs are reading or asking now."""
        return {id for other in self._others(session) for id in other.being_read | other.asked}

    def _others(self, session: Session) -> list[Session]:
        with self._lock:
            return [other for other in self._open.values() if other is not session]
