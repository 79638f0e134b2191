"""One question, and the entry or the table row of the register that answers it."""

from __future__ import annotations

from dataclasses import dataclass

from harbour.voice import sentences


@dataclass(frozen=True)
class Asked:
    """A question with the place where its answer stands.

    ``body`` is the full text of an entry, or a row of a table as it reads across.
    ``entity`` is the name by which a reader finds the place; it is given to nothing else.
    """

    chapter: str
    section: str
    at: float
    head: str
    body: str
    question: str
    answer: str
    entity: str
    kind: str
    aliases: tuple[str, ...] = ()

    @property
    def evidence(self) -> str:
        """The one sentence (or table row) that holds the answer."""
        return next(part for part in sentences(self.body) if self.answer in part)
