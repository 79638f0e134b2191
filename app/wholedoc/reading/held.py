"""What is held in memory of documents: their tokens, and those that are read whole, for being asked at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar
from weakref import WeakValueDictionary

from ..documents.document import Document
from ..documents.tokenized import TokenizedDocument, TooManyTokensError, tokenize
from .corpus import ReadDocument
from .through_store import Placed, Plan

T = TypeVar("T")


class Held:
    """Documents in memory, by their ids: `tokenized`, and of these the ones that are `read`.

    `placed` are the chunks whose KV anybody holds, a question at work too, by the store's keys. Documents that are
    tokenized alike may share `tokenized` with another library's.
    """

    def __init__(self, tokenized: dict[str, TokenizedDocument] | None = None) -> None:
        self.tokenized = {} if tokenized is None else tokenized
        self.read: dict[str, ReadDocument] = {}
        self.placed: Placed = WeakValueDictionary()

    def tokens_of(self, document: Document, tokenizer: Any) -> TokenizedDocument:
        """Return the document as the model's tokens, which are held from now on."""
        known = self.tokenized.get(document.id)
        if known is None:
            known = self.tokenized[document.id] = tokenize(document, tokenizer)
        return known

    def count(self, documents: Sequence[Document], tokenizer: Any, longest: int) -> int:
        """Return the tokens of those of the documents that are not read.

        Raises TooManyTokensError as soon as they are more than `longest`. Their tokens are not held then.
        """
        counted = 0
        new: list[str] = []
        try:
            for document in documents:
                if document.id in self.read:
                    continue
                if document.id not in self.tokenized:
                    new.append(document.id)
                    self.tokenized[document.id] = tokenize(document, tokenizer, longest - counted)
                counted += len(self.tokens_of(document, tokenizer))
        except TooManyTokensError as error:
            for id in new:
                self.tokenized.pop(id, None)
            raise TooManyTokensError(counted + error.counted) from error
        return counted

    def placed_tokens(self, plan: Plan) -> int:
        """Return how many of a document's tokens are in memory since somebody holds their chunks."""
        return sum(len(chunk) for chunk in plan.chunks if plan.keys[chunk.index] in self.placed)

    def texts(self) -> list[str]:
        """Return the texts of the documents that are read."""
        return [one.document.text for id, one in self.tokenized.copy().items() if id in self.read]

    def tokens(self) -> dict[str, int]:
        """Return the ids of the documents that are in memory or being read, with their tokens."""
        return {id: len(one) for id, one in self.tokenized.copy().items()}

    def use(self, id: str, most: int) -> None:
        """Note that a document was used, and let go of those that have not been for longest if more than `most`
        tokens are held.

        Whoever is at work with one of those keeps it until then.
        """
        _to_the_end(self.tokenized, id)
        _to_the_end(self.read, id)
        held = self.tokens()
        tokens = sum(held.values())
        for oldest, length in held.items():
            if tokens <= most or oldest == id:
                break
            self.forget(oldest)
            tokens -= length

    def forget(self, id: str) -> None:
        """Let go of a document. Whoever asks it next takes it from the store."""
        self.read.pop(id, None)
        self.tokenized.pop(id, None)


def _to_the_end(held: dict[str, T], id: str) -> None:
    """Make this document, if it is held, the one that goes last."""
    one = held.pop(id, None)
    if one is not None:
        held[id] = one
