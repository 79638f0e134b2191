"""A question to a long text whose answer is known."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import Enum

# Stands between two pages, as the library joins them.
BETWEEN = "\n\n"


class Metric(Enum):
    """How an answer is marked, from 0 to 1."""

    CONTAINS = "contains"
    """1 if the answer contains one of the accepted answers."""
    ALL = "all"
    """The share of the accepted answers that the answer contains."""
    F1 = "f1"
    """F1 of the words in common with the accepted answer that has most."""
    ROUGE = "rouge"
    """F1 of the longest common subsequence of words with the best accepted answer (ROUGE-L)."""
    CHOICE = "choice"
    """1 if it names the letters of the first accepted answer, or no letter but the words of another."""


@dataclass(frozen=True)
class Case:
    """A document in pages, a question about it and the accepted answers.

    `evidence` are the pages (0-based) with the answer, empty if they are unknown. `depth` is where the evidence
    stands, from 0 (first page or sentence) to 1 (last); None if it is not in one place.
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


def depth_of(evidence: Collection[int], pages: Sequence[str]) -> float | None:
    """Return the depth of the first evidence page (0-based), from 0 (first) to 1 (last); None without evidence."""
    return min(evidence) / max(len(pages) - 1, 1) if evidence else None
