"""A question to a long text whose answer is known."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

# Between pages, as the library joins them.
BETWEEN = "\n\n"


class Metric(Enum):
    """How an answer is marked, between 0 and 1."""

    CONTAINS = "contains"
    """One of the accepted answers stands in it."""
    ALL = "all"
    """The share of the accepted answers that stand in it."""
    EXACT = "exact"
    """It is one of the accepted answers, but for case, articles and punctuation."""
    F1 = "f1"
    """Words in common with the best of the accepted answers."""
    ROUGE = "rouge"
    """The longest common subsequence of words with the best of the accepted answers (ROUGE-L)."""
    CHOICE = "choice"
    """It names the letters of the first accepted answer, or no letter and the words of another."""


@dataclass(frozen=True)
class Case:
    """`pages` (0-based) are the document; `evidence` those that carry the answer, empty where nobody knows.

    `depth` is where the evidence stands, from 0 (first) to 1 (last); None where it is not one place.
    """

    task: str
    pages: tuple[str, ...]
    question: str
    answers: tuple[str, ...]
    metric: Metric
    evidence: frozenset[int] = frozenset()
    depth: float | None = None

    @property
    def text(self) -> str:
        """The whole document."""
        return BETWEEN.join(self.pages)
