"""The footnotes of a page: lines in smaller letters at the foot of their column, the first of which has a mark."""

from __future__ import annotations

import re
import statistics
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ...bodies import NOTE_MARK
from ...lines import line_spans
from .rows import BoxOf

# Letters of a note are so much smaller than those of the text: 8 points for 10, or 9 for 10.95.
_SMALLER = 0.92
# It says something, which the parts of a formula do not: so many words.
_WORD, _FEWEST_WORDS = re.compile(r"[^\W\d_]{3}"), 2
# So many letters of a line are looked at: a mark, or a word in another size, is smaller or larger than the rest.
_LOOKED_AT = 3
# Lines in the size of the text may stand below a note, so many of so many characters at most: the page's own foot.
_FOOT_LINES, _FOOT_CHARACTERS = 2, 120


@dataclass(frozen=True)
class _Line:
    """A line of the text, [start, stop), with the height of its letters, its foot and its sides, in points."""

    start: int
    stop: int
    height: float
    bottom: float
    left: float
    right: float

    def is_below(self, other: _Line) -> bool:
        """Return whether it stands below another in the same column."""
        apart = max(self.left, other.left) - min(self.right, other.right)
        return self.bottom < other.bottom and apart < self.height


def footnotes(text: str, box: BoxOf) -> list[tuple[int, int]]:
    """Return the spans [start, stop) of a page's text that are footnotes, whole lines each, in the text's order."""
    lines = list(_measured(text, box))
    if not lines:
        return []
    sizes: Counter[float] = Counter()
    for line in lines:
        sizes[round(line.height, 1)] += line.stop - line.start
    least = _SMALLER * sizes.most_common(1)[0][0]
    found: list[tuple[int, int]] = []
    for run in _runs(lines, least):
        end = run[-1].stop
        first = next((at for at, line in enumerate(run) if NOTE_MARK.match(text, line.start, end)), None)
        if first is None or len(_WORD.findall(text, run[first].start, end)) < _FEWEST_WORDS:
            continue
        if _is_at_foot(run[first:], lines, least):
            found.append((run[first].start, run[-1].stop))
    return found


def _measured(text: str, box: BoxOf) -> Iterator[_Line]:
    """Yield the lines whose letters have places."""
    for start, stop in line_spans(text):
        letters = [at for at in range(start, stop) if not text[at].isspace()]
        step = max(len(letters) // _LOOKED_AT, 1)
        looked_at = [*letters[::step], *letters[-1:]]
        boxes = [one for one in map(box, looked_at) if one is not None]
        if boxes:
            height = statistics.median(one.height for one in boxes)
            left, right = min(one.left for one in boxes), max(one.right for one in boxes)
            yield _Line(start, stop, height, boxes[-1].bottom, left, right)


def _runs(lines: Sequence[_Line], least: float) -> Iterator[list[_Line]]:
    """Yield the lines in smaller letters that follow on each other downwards."""
    run: list[_Line] = []
    for line in lines:
        goes_on = line.height <= least and (not run or line.is_below(run[-1]))
        if run and not goes_on:
            yield run
            run = []
        if line.height <= least:
            run.append(line)
    if run:
        yield run


def _is_at_foot(run: Sequence[_Line], lines: Sequence[_Line], least: float) -> bool:
    """Return whether text stands above, and below in the same column none but the page's own foot."""
    text = [line for line in lines if line.height > least]
    below = [line for line in text if line.is_below(run[-1])]
    feet = len(below) <= _FOOT_LINES and all(line.stop - line.start <= _FOOT_CHARACTERS for line in below)
    return feet and any(run[0].is_below(line) for line in text)
