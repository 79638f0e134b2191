"""What a condition is: something that a question states and that code can check, so that no model need."""

from __future__ import annotations

import re
from enum import Enum
from typing import Protocol


class Where(Enum):
    """Which text decides whether an item satisfies a condition."""

    ITEM = "the item"
    QUOTE = "the item or, if that says nothing of it, its quote"
    PART = "the item, its quote, or the part that holds it"


class Condition(Protocol):
    """A condition of a question. `phrase` is how the question states it."""

    @property
    def phrase(self) -> str:
        """The question's words for it."""
        ...

    @property
    def where(self) -> Where:
        """Which text decides."""
        ...

    def judge(self, text: str) -> bool | None:
        """Return whether something in the text satisfies the condition; None if nothing there is of its kind."""
        ...

    def removed(self, question: str) -> str:
        """Return the question without the condition, so that whatever it might hold for is listed."""
        ...


def put_together(*words: str) -> str:
    """Return what is left of a question in one piece, its stops where they belong."""
    return re.sub(r"\s+([?.,!])", r"\1", " ".join(" ".join(words).split()))
