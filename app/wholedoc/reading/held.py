"""Which documents are held in memory: those that were used last."""

from __future__ import annotations

from typing import TypeVar

from ..documents.tokenized import TokenizedDocument
from .corpus import ReadDocument

T = TypeVar("T")


def hold(id: str, tokenized: dict[str, TokenizedDocument], read: dict[str, ReadDocument], most: int) -> None:
    """Note that a document was used, and let go of those that have not been for longest if more than `most` tokens
    are held.

    Whoever is at work with one of those keeps it until then.
    """
    _to_the_end(tokenized, id)
    _to_the_end(read, id)
    tokens = sum(map(len, list(tokenized.values())))
    for oldest in list(tokenized):
        if tokens <= most or oldest == id:
            break
        gone = tokenized.pop(oldest, None)
        tokens -= len(gone) if gone is not None else 0
        read.pop(oldest, None)


def _to_the_end(held: dict[str, T], id: str) -> None:
    """Make this document, if it is held, the one that goes last."""
    one = held.pop(id, None)
    if one is not None:
        held[id] = one
