"""A way to answer a question about a long text: ours, and what it is compared with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from .case import Case


@dataclass(frozen=True)
class Outcome:
    """What a method said to a case, and what it took.

    `nll`: mean -log P of the first accepted answer in its place after the question, nats per token; None where
    the method has no one context to compute it in. `evidence_kept`: whether what was answered from holds an
    accepted answer; None where nothing is left out, or where nobody can say (every attention head keeps other
    tokens, or the document never says the answer word for word). `pages`: the cited pages (0-based), the best
    first; None where the method cites none. `kept_tokens`: how much of the document the answer was made from.
    `read_s`: seconds to read what was not read before, which were `read_tokens`; `answer_s`: from the question to
    the end of the answer.
    """

    text: str
    nll: float | None
    evidence_kept: bool | None
    pages: tuple[int, ...] | None
    kept_tokens: int
    read_s: float
    answer_s: float
    read_tokens: int = 0


class NotRun(Exception):  # noqa: N818 - it is no mistake of anybody's
    """A case that a method cannot answer, and why: reported as such, never as a wrong answer."""


class TooLong(NotRun):
    """The document is longer than `Method.longest`; nothing of it is cut silently."""


class NotApplicable(NotRun):
    """The method has no meaning for this case or this model."""


class NotInstalled(NotRun):
    """A package that only this method wants is not there; the message says how to get it."""


class Method(Protocol):
    """Answers cases, one after another, with one model."""

    @property
    def name(self) -> str:
        """As it stands in the tables."""
        ...

    def longest(self) -> int | None:
        """The longest document in tokens that this method can read on this machine in sensible time; None: any."""
        ...

    def answer(self, case: Case) -> Outcome:
        """Read and answer. Raises NotRun (TooLong, NotApplicable, NotInstalled)."""
        ...
