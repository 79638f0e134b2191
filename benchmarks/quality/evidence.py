"""Where an answer stands: by its words, whatever their case, articles, punctuation and spacing."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import lru_cache

from .case import Case, Metric
from .metrics import contains, normalised

# An answer that stands on more pages than this ("2018") does not tell which of them is meant.
MOST_PAGES = 3
# These stand everywhere, and nowhere as an answer.
SAY_NOTHING = frozenset(("yes", "no", "true", "false", "none", "unanswerable", "not mentioned"))


def wanted(answers: Sequence[str], metric: Metric) -> tuple[str, ...]:
    """The normalised answers that one may look for in a document: not a letter, not a summary."""
    if metric is Metric.ROUGE:
        return ()
    written = answers[1:] if metric is Metric.CHOICE else answers
    return tuple(one for one in map(normalised, written) if one and one not in SAY_NOTHING)


def evidence_pages(pages: tuple[str, ...], answers: Sequence[str], metric: Metric) -> frozenset[int]:
    """Pages (0-based) on which an answer stands, two where it goes over a page's end; empty if nobody can tell."""
    text, starts = _joined(pages)
    found: set[int] = set()
    for answer in wanted(answers, metric):
        for start in _occurrences(text, f" {answer} "):
            first, last = (bisect_right(starts, at) - 1 for at in (start + 1, start + len(answer)))
            found.update(range(first, last + 1))
    return frozenset(found) if len(found) <= MOST_PAGES else frozenset()


def holds(case: Case, text: str) -> bool | None:
    """Whether an accepted answer stands in `text` (all of them where all are asked for); None where no accepted
    answer is known to stand in the document at all."""
    if not case.evidence:
        return None
    plain = normalised(text)
    found = [contains(plain, answer) for answer in wanted(case.answers, case.metric)]
    return all(found) if case.metric is Metric.ALL else any(found)


@lru_cache(maxsize=4)
def _joined(pages: tuple[str, ...]) -> tuple[str, list[int]]:
    """All pages normalised, with a space around every word, and where each begins."""
    text = " "
    parts, starts = [text], []
    length = len(text)
    for page in pages:
        starts.append(length)
        part = f"{plain} " if (plain := normalised(page)) else ""
        parts.append(part)
        length += len(part)
    return "".join(parts), starts


def _occurrences(text: str, part: str) -> Iterator[int]:
    at = text.find(part)
    while at >= 0:
        yield at
        at = text.find(part, at + 1)
