"""The rows of a report: one for each case, and a summary for each task, length and method."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .cases.case import Case
from .cases.metrics import evidence_rank, mark
from .method import Outcome

RANKS = (1, 3, 5)


@dataclass(frozen=True)
class Marked:
    """A case and its outcome; `tokens` is the length of its document."""

    case: Case
    tokens: int
    outcome: Outcome

    @property
    def score(self) -> float:
        return mark(self.outcome.text, self.case.answers, self.case.metric)

    @property
    def rank(self) -> int | None:
        """The 1-based rank of the first citation on an evidence page; None if there is none."""
        return evidence_rank(self.outcome.pages or (), self.case.evidence)

    def row(self) -> dict[str, Any]:
        case, outcome = self.case, self.outcome
        return {
            "tokens": self.tokens,
            "depth": case.depth,
            "question": case.question,
            "accepted": list(case.answers),
            "metric": case.metric.value,
            "answer": outcome.text,
            "score": self.score,
            "evidence": sorted(page + 1 for page in case.evidence),
            "evidence_kept": outcome.evidence_kept,
            "evidence_rank": self.rank,
            "nll": outcome.nll,
            "kept_tokens": outcome.kept_tokens,
            "read_tokens": outcome.read_tokens,
            "read_s": outcome.read_s,
            "answer_s": outcome.answer_s,
        }


def summary(marked: Sequence[Marked]) -> dict[str, Any]:
    """Return means over the cases.

    Figures of evidence are means over the cases whose evidence is known, the NLL over those that have one. A mean
    of nothing is None.
    """
    outcomes = [one.outcome for one in marked]
    cited = [one for one in marked if one.case.evidence and one.outcome.pages is not None]
    read_tokens = sum(one.read_tokens for one in outcomes)
    read_s = sum(one.read_s for one in outcomes if one.read_tokens)
    return {
        "cases": len(marked),
        "tokens": round(statistics.fmean(one.tokens for one in marked)),
        "score": _mean([one.score for one in marked]),
        "evidence_known": sum(bool(one.case.evidence) for one in marked),
        "evidence_kept": _mean([one.evidence_kept for one in outcomes if one.evidence_kept is not None]),
        **{
            f"evidence_in_first_{first}": _mean([one.rank is not None and one.rank <= first for one in cited])
            for first in RANKS
        },
        "nll": _mean([one.nll for one in outcomes if one.nll is not None]),
        "kept_tokens": _mean([one.kept_tokens for one in outcomes]),
        "answer_s_median": statistics.median(one.answer_s for one in outcomes),
        "read_tokens_per_s": read_tokens / read_s if read_s else None,
    }


def _mean(values: Sequence[float]) -> float | None:
    return statistics.fmean(values) if values else None
