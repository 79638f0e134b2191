"""The next tokens guessed by copying, since an answer that quotes goes on as what it quotes from (prompt lookup).

One pass over several tokens reads the weights once, as a pass over one does. So a guess that comes true saves
passes, and the tokens that are drawn are the same with it and without, but for what rounding does to several rows.
"""

from __future__ import annotations

from collections.abc import Sequence

from .weights import FEW

# So many tokens at the end of the answer must stand in the source for what follows there to be guessed.
ALIKE = 2
# With the token before them these are as many rows as the kernel for weights in 8 bits takes (`weights.FEW`). More
# would be multiplied by other weights than single tokens are, and might be drawn otherwise.
GUESSED = FEW - 1


class Lookup:
    """Guesses what follows in an answer by where its last tokens stood before: in `source_ids` or in the answer."""

    def __init__(self, source_ids: Sequence[int]) -> None:
        self._ids = list(source_ids)
        self._behind: dict[tuple[int, ...], int] = {}
        for stop in range(ALIKE, len(self._ids)):
            self._behind[tuple(self._ids[stop - ALIKE : stop])] = stop
        self._answer = len(self._ids)

    def append(self, token: int) -> None:
        """Take a token of the answer as drawn."""
        stop = len(self._ids)
        if stop - self._answer >= ALIKE:  # no likeness spans the source's end and the answer's beginning
            self._behind[tuple(self._ids[stop - ALIKE : stop])] = stop
        self._ids.append(token)

    def guess(self, most: int) -> list[int]:
        """Return the tokens that may come next, at most `most` of them; none where nothing is alike."""
        if len(self._ids) - self._answer < ALIKE:
            return []
        start = self._behind.get(tuple(self._ids[-ALIKE:]))
        return [] if start is None else self._ids[start : start + min(most, GUESSED)]
