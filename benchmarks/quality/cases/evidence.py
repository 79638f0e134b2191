"""Finds where an answer stands by its words, apart from their case, articles, punctuation and spacing."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import lru_cache

from .case import Case, Metric
from .metrics import contains, normalised

# If an answer ("2018") stands on more pages than this, nobody can tell which of them is meant.
MOST_PAGES = 3
# These words stand in every document, but hardly ever as the answer.
SAY_NOTHING = frozenset(("yes", "no", "true", "false", "none", "unanswerable", "not mentioned"))


def wanted(answers: Sequence[str], metric: Metric) -> tuple[str, ...]:
    """Return the normalised answers that can be looked for in a document: no letters of choices, no summaries."""
    if metric is Metric.ROUGE:
        return ()
    written = answers[1:] if metric is Metric.CHOICE else answers
    return tuple(one for one in map(normalised, written) if one and one not in SAY_NOTHING)


def evidence_pages(pages: tuple[str, ...], answers: Sequence[str], metric: Metric) -> frozenset[int]:
    """Return the pages (0-based) on which an answer stands; empty if there are none or more than MOST_PAGES.

    An answer that goes on past the end of a page stands on both pages.
    """
    text, starts = _joined(pages)
    found: set[int] = set()
    for answer in wanted(answers, metric):
        for start in _occurrences(text, f" {answer} "):
            first, last = (bisect_right(starts, at) - 1 for at in (start + 1, start + len(answer)))
            found.update(range(first, last + 1))
    return frozenset(found) if len(found) <= MOST_PAGES else frozenset()


def holds(case: Case, text: str) -> bool | None:
    """Return whether an accepted answer stands in `text`, or all of them if the question asks for all.

    Returns None if the case's evidence is unknown.
    """
    if not case.evidence:
        return None
    plain = normalised(text)
    found = [contains(plain, answer) for answer in wanted(case.answers, case.metric)]
    return all(found) if case.metric is Metric.ALL else any(found)


@lru_cache(maxsize=4)
def _joined(pages: tuple[str, ...]) -> tuple[str, list[int]]:
    """Return the normalised text of all pages, with a space around every word, and where each page begins in it."""
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
