"""What a method is: it answers a question about a long text, as ours does and those that ours is compared with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from .cases.case import Case


@dataclass(frozen=True)
class Outcome:
    """A method's answer to a case, and what the answer took.

    - `nll` is the mean -log P of the first accepted answer in its place after the question, in nats per token; None
      if the method has no single context to compute it in.
    - `evidence_kept` says whether the tokens that were answered from hold an accepted answer. It is None if nothing
      was left out, or if that is unknown: every attention head keeps other tokens, or the document never says the
      answer word for word.
    - `pages` are the cited pages (0-based), the best first; None if the method cites none.
    - `kept_tokens` is the number of the document's tokens that the answer was made from.
    - `read_s` are the seconds to read the `read_tokens` tokens that had not been read before; `answer_s` are those
      from the question to the end of the answer.
    """

    text: str
    nll: float | None
    evidence_kept: bool | None
    pages: tuple[int, ...] | None
    kept_tokens: int
    read_s: float
    answer_s: float
    read_tokens: int = 0


class NotRun(Exception):  # noqa: N818 - it is not an error
    """A method cannot answer a case; the message says why. It is reported as that, never as a wrong answer."""


class TooLong(NotRun):
    """The document is longer than the method can read on this machine within minutes. It is not cut silently."""


class NotApplicable(NotRun):
    """The method does not apply to this case or this model."""


class NotInstalled(NotRun):
    """A package that only this method needs is not installed; the message says how to install it."""


class Method(Protocol):
    """A method answers cases, one after another, with one model."""

    @property
    def name(self) -> str:
        """The name in the tables."""
        ...

    def answer(self, case: Case) -> Outcome:
        """Read the case's document and answer. Raises NotRun (TooLong, NotApplicable, NotInstalled)."""
        ...
