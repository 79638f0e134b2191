"""Whether two readers found the same text on a page."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

SAMPLED_PAGES = 8
_LENGTH = 4
_ENOUGH = 0.9


@dataclass(frozen=True)
class Agreement:
    """`ratio` is between 0 and 1, over all compared pages; `apart` are the indexes of pages that differ."""

    ratio: float
    apart: tuple[int, ...]

    @property
    def holds(self) -> bool:
        return self.ratio >= _ENOUGH


def spread(indexes: Sequence[int], count: int = SAMPLED_PAGES) -> list[int]:
    """Up to `count` of `indexes`, evenly spaced, the first and the last among them."""
    if len(indexes) <= count:
        return list(indexes)
    return [indexes[round(step * (len(indexes) - 1) / (count - 1))] for step in range(count)]


def compare(pages: Sequence[tuple[int, str, str]]) -> Agreement:
    """Compare `(index, one text, other text)` by the runs of four letters or digits that both have.

    Readers may differ in spacing, hyphens and the order of blocks without either being wrong, and none of
    these counts here. Wrong letters, and text that one reader misses, do.
    """
    shared = total = 0
    apart = []
    for index, one, other in pages:
        ours, theirs = _runs(one), _runs(other)
        page_shared = 2 * (ours & theirs).total()
        page_total = ours.total() + theirs.total()
        if page_shared < _ENOUGH * page_total:
            apart.append(index)
        shared += page_shared
        total += page_total
    return Agreement(shared / total if total else 1.0, tuple(apart))


def _runs(text: str) -> Counter[str]:
    letters = "".join(filter(str.isalnum, unicodedata.normalize("NFKC", text).casefold()))
    if len(letters) < _LENGTH:
        return Counter([letters] if letters else [])
    return Counter(letters[start : start + _LENGTH] for start in range(len(letters) - _LENGTH + 1))
