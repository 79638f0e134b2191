"""Conversations that are kept: a file for each, with what was asked, what was answered, and which documents.

A file has a line of JSON with the conversation's name and documents, so that a list reads no more than that, and a
line for each exchange. Everything in it is text that somebody else may have written; whoever shows it escapes it.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from secrets import token_hex

from ..answer import Answer, Citation, ScoredChunk
from ..conversation import AskedDocument
from ..errors import LibraryError
from .files.atomic import TEMPORARY
from .files.kept import CLEAR, KeptFiles
from .records import restored

VERSION = 1
# At most so many conversations are kept; those that were continued least recently go first.
MOST = 1000
# No conversation's file is larger, in bytes: some hundred questions to a document of a thousand pages.
LARGEST = 32_000_000
# The first line of a file is not longer, in bytes.
LONGEST_HEAD = 1_000_000
_ID = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True)
class KeptExchange:
    """A question and what came of it.

    `documents` are those that were asked. `status` says why it has no `answer`, and `text` is what was written of
    one until then; `chunks` and `citations` were known by then. `standalone` is what was asked instead. `kind` is
    the value of the `Kind` that every part was asked for, empty for a question to one place.
    """

    question: str
    documents: tuple[AskedDocument, ...] = ()
    text: str = ""
    status: str = ""
    standalone: str = ""
    kind: str = ""
    answer: Answer | None = None
    chunks: tuple[ScoredChunk, ...] = ()
    citations: tuple[Citation, ...] = ()


@dataclass(frozen=True)
class ConversationHead:
    """What a list says of a conversation.

    `documents` were asked last. `changed` is when it was continued last, in seconds since 1970.
    """

    id: str
    name: str
    documents: tuple[AskedDocument, ...] = ()
    exchanges: int = 0
    changed: float = 0.0
    version: int = VERSION


@dataclass(frozen=True)
class KeptConversation:
    """A conversation with all that was said in it."""

    head: ConversationHead
    exchanges: tuple[KeptExchange, ...]


@dataclass(frozen=True)
class Conversations:
    """A folder with a file for each conversation. Files that are damaged stay where they are and are not listed."""

    folder: Path
    files: KeptFiles = CLEAR
    _heads_read: dict[str, tuple[tuple[int, ...], ConversationHead]] = field(
        default_factory=dict, compare=False, repr=False
    )

    def put(self, conversation: KeptConversation) -> list[ConversationHead]:
        """Keep a conversation as it is now. Returns those that were removed to make place for it.

        Raises LibraryError if it has grown too large, and OSError. Then what was kept before stays.
        """
        head = replace(conversation.head, exchanges=len(conversation.exchanges))
        path = self._path(head.id)
        # The ids of an answer's tokens serve nothing later.
        lines = [asdict(head), *(_without_tokens(one) for one in conversation.exchanges)]
        content = "\n".join(json.dumps(line) for line in lines).encode()
        if len(content) > LARGEST:
            raise LibraryError(
                f"the conversation “{head.name}” has grown to more than {LARGEST // 10**6} MB and is kept without "
                "its last question: start a new one"
            )
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.files.write(path, content)
        self._heads_read.pop(head.id, None)
        gone = self.all()[MOST:]
        for one in gone:
            self.remove(one.id)
        return gone

    def get(self, id: str) -> KeptConversation | None:
        """Return a conversation; None if it is not there, or damaged."""
        try:
            path = self._path(id)
            if self.files.size(path) > LARGEST:
                return None
            first, *rest = self.files.read_text(path).split("\n")
            head = _head(id, first)
            exchanges = tuple(restored(KeptExchange, json.loads(line)) for line in rest)
        except (OSError, ValueError, RecursionError):
            return None
        return KeptConversation(head, exchanges) if len(exchanges) == head.exchanges else None

    def all(self) -> list[ConversationHead]:
        """Return all conversations, the one that was continued last first."""
        return sorted(self._heads(), key=lambda head: -head.changed)

    def search(self, words: str) -> list[ConversationHead]:
        """Return the conversations that hold all of these words, in what was said or in names, as `all` orders."""
        wanted = words.casefold().split()
        return [head for head in self.all() if _holds(self._said(head), wanted)] if wanted else self.all()

    def damaged(self) -> int:
        """Return how many files cannot be read."""
        return len(list(self.folder.glob("*.jsonl"))) - len(list(self._heads()))

    def rename(self, id: str, name: str) -> None:
        """Give a conversation another name; an empty one gives it its first question's. Nothing happens if it is
        not there. Raises OSError.
        """
        known = self.get(id)
        if known is not None:
            first = known.exchanges[0].question if known.exchanges else ""
            self.put(replace(known, head=replace(known.head, name=one_line(name) or one_line(first))))

    def remove(self, id: str) -> None:
        """Forget a conversation. Nothing happens if it is not there. Raises OSError."""
        if _ID.fullmatch(id):
            self._path(id).unlink(missing_ok=True)
            self._heads_read.pop(id, None)

    def leftovers(self, older_than_s: float = 3600) -> list[Path]:
        """Return what killed writers left. Younger files may still be in the making."""
        limit = time.time() - older_than_s
        return [path for path in self.folder.glob(f"{TEMPORARY}*") if path.stat().st_mtime < limit]

    def _heads(self) -> Iterator[ConversationHead]:
        for path in self.folder.glob("*.jsonl"):
            try:
                found = path.stat()
                changed = found.st_mtime_ns, found.st_ino, found.st_size
                known = self._heads_read.get(path.stem)
                if known is None or known[0] != changed:  # a sealed file is opened whole, which takes its time
                    first = self.files.first_line(path, LONGEST_HEAD)
                    known = self._heads_read[path.stem] = changed, _head(path.stem, first.decode())
                yield known[1]
            except (OSError, ValueError, RecursionError):
                continue

    def _said(self, head: ConversationHead) -> str:
        known = self.get(head.id)
        exchanges = known.exchanges if known else ()
        names = (one.name for one in head.documents)
        return "\n".join([head.name, *names, *(f"{one.question}\n{one.text}" for one in exchanges)])

    def _path(self, id: str) -> Path:
        """Return a conversation's file. Raises ValueError for what is no id, as ids come from the browser."""
        if not _ID.fullmatch(id):
            raise ValueError("this is no conversation's id")
        return self.folder / f"{id}.jsonl"


def new_id() -> str:
    """Return an id that no other conversation has."""
    return token_hex(8)


def one_line(text: str) -> str:
    """Return a text as a name: on one line."""
    return " ".join(text.split())


def _head(id: str, line: str) -> ConversationHead:
    """Return the head of the file of this id. Raises ValueError if it is damaged, or of another version."""
    head = restored(ConversationHead, json.loads(line))
    if head.id != id or not _ID.fullmatch(id) or head.version != VERSION:
        raise ValueError("this is no conversation of this version")
    return head


def _without_tokens(exchange: KeptExchange) -> dict[str, object]:
    answer = exchange.answer
    return asdict(exchange if answer is None else replace(exchange, answer=replace(answer, token_ids=())))


def _holds(text: str, words: Sequence[str]) -> bool:
    folded = text.casefold()
    return all(word in folded for word in words)
