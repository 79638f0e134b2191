"""A conversation: the turns before a question, which it may refer to."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Turn:
    """One question and what was answered."""

    question: str
    answer: str
