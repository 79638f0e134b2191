"""Finding a quote's letters among the letters of its page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .letters import Letters

# All lengths are in letters. A run of _LONG letters belongs to the quote wherever it stands. A run of _SHORT
# letters belongs to it near the place that a long run predicts, within _SLACK (a page header amid the quote shifts
# what follows it), or if the runs together cover nearly all of the quote, whose lines may stand in another order.
_LONG = 24
_SHORT = 8
_SLACK = 120
_NEARLY_ALL = 0.9
_CERTAIN_INSIDE_WORDS = 16
_MOST_OCCURRENCES = 1000


@dataclass(frozen=True)
class Run:
    """`length` letters that are the same: on the page from index `page` on, in the quote from index `quote` on."""

    page: int
    quote: int
    length: int

    def is_beside(self, other: Run) -> bool:
        """Return whether both runs are shifted by about as much between quote and page."""
        return abs((self.page - self.quote) - (other.page - other.quote)) <= _SLACK


def find(page: Letters, quote: str) -> list[Run]:
    """Find the letters `quote` on the page: in one run if possible, else in the runs that can be trusted.

    Returns no run if less than half of the letters are found. Of several occurrences the first counts.
    """
    if not quote:
        return []
    start = _exact(page, quote)
    return _approximate(page.text, quote) if start is None else [Run(start, 0, len(quote))]


def _exact(page: Letters, quote: str) -> int | None:
    """Return the first occurrence as whole words, or else, if the quote is too long for chance, the first one."""
    found = list(occurrences(page.text, quote))
    whole = (at for at in found if page.is_word_edge(at) and page.is_word_edge(at + len(quote)))
    by_chance = len(quote) < _CERTAIN_INSIDE_WORDS
    return next(whole, found[0] if found and not by_chance else None)


def occurrences(text: str, wanted: str) -> Iterator[int]:
    """Yield where `wanted` begins in a text, at most _MOST_OCCURRENCES times."""
    at = text.find(wanted)
    for _ in range(_MOST_OCCURRENCES):
        if at < 0:
            return
        yield at
        at = text.find(wanted, at + 1)


def _approximate(page: str, quote: str) -> list[Run]:
    """Return the runs that cover nearly all of the quote, or else those that can be trusted, if they cover half."""
    runs = _ranked(list(_runs(page, quote)))
    trusted, any_length = _chosen(runs, quote, _LONG), _chosen(runs, quote, _SHORT)
    for chosen, share in ((trusted, _NEARLY_ALL), (any_length, _NEARLY_ALL), (trusted, 0.5)):
        if sum(run.length for run in chosen) >= share * len(quote):
            return chosen
    return []


def _chosen(runs: list[Run], quote: str, enough: int) -> list[Run]:
    """Choose runs of at least `enough` letters and runs beside them, so that no letter of the quote is in two."""
    chosen: list[Run] = []
    free = bytearray(b"\1") * len(quote)
    for run in runs:
        run = _free_part(run, free)
        if run.length >= enough or (run.length >= _SHORT and any(run.is_beside(other) for other in chosen)):
            chosen.append(run)
            free[run.quote : run.quote + run.length] = bytes(run.length)
    return chosen


def _ranked(runs: list[Run]) -> list[Run]:
    """Sort runs, best first. Of a phrase that the page repeats, the one near the longest run is best."""
    longest = max(runs, key=lambda run: run.length, default=None)
    if longest is None:
        return []
    return sorted(runs, key=lambda run: (run.length < _LONG, not run.is_beside(longest), -run.length, run.page))


def _runs(page: str, quote: str) -> Iterator[Run]:
    """Yield the common runs of at least `_SHORT` letters, each as long as possible."""
    first_at: dict[str, int] = {}
    for at in range(len(quote) - _SHORT + 1):
        first_at.setdefault(quote[at : at + _SHORT], at)
    at = 0
    while at <= len(page) - _SHORT:
        in_quote = first_at.get(page[at : at + _SHORT])
        if in_quote is None:
            at += 1
            continue
        run = _extended(page, quote, Run(at, in_quote, _SHORT))
        yield run
        at = run.page + run.length - _SHORT + 1


def _extended(page: str, quote: str, run: Run) -> Run:
    start, stop = 0, run.length
    while run.page > start and run.quote > start and page[run.page - start - 1] == quote[run.quote - start - 1]:
        start += 1
    page_end, quote_end = len(page) - run.page, len(quote) - run.quote
    while stop < min(page_end, quote_end) and page[run.page + stop] == quote[run.quote + stop]:
        stop += 1
    return Run(run.page - start, run.quote - start, start + stop)


def _free_part(run: Run, free: bytearray) -> Run:
    """Return the first part of the run that no other run has taken."""
    start = free.find(1, run.quote, run.quote + run.length)
    if start < 0:
        return Run(run.page, run.quote, 0)
    taken = free.find(0, start, run.quote + run.length)
    stop = run.quote + run.length if taken < 0 else taken
    return Run(run.page + start - run.quote, start, stop - start)
