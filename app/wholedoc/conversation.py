"""A conversation: the turns before a question, which it may refer to, and the documents that were asked."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Turn:
    """One question and what was answered."""

    question: str
    answer: str


@dataclass(frozen=True)
class AskedDocument:
    """A document that a question went to. It keeps its name here when it is removed from the library."""

    id: str
    name: str
