"""What kind of question it is: whether one place answers it, or only every part together."""

from __future__ import annotations

from enum import Enum


class Kind(Enum):
    """What a question needs of the documents."""

    ONE_PLACE = "one place"
    """A passage that answers it."""
    LIST = "list"
    """Everything that answers it, listed and counted."""
    SUMMARY = "summary"
    """The whole in short, along the outline."""
    COMPARISON = "comparison"
    """What each of several documents says, side by side."""
    CHANGES = "changes"
    """What is different between two documents, which code finds out."""
    CHECK = "check"
    """All places that say something, or the certainty that none does."""

    @property
    def needs_writer(self) -> bool:
        """Whether a model that writes is asked."""
        return self is not Kind.CHANGES


class Scope(Enum):
    """How much of the documents a question is put to."""

    ONE_PLACE = "one place"
    """The passage that answers it."""
    EVERYWHERE = "everywhere"
    """Every part."""
    BY_QUESTION = "by question"
    """Either, as the question's words suggest."""
