"""Whether what was read explains a question at all."""

from __future__ import annotations

from collections.abc import Sequence

# With it 141 of 142 questions about a document pass, 87 of them wrapped in instructions, and none of 108 about
# something else altogether (docs/log.md, trial 27).
RUN_NATS = 6.0


def explains(given: Sequence[float], alone: Sequence[float], margin: float) -> bool:
    """Whether a question's tokens become more likely by a document: all of them, by more than `margin` nats a token
    in the mean, or some that follow one another, by `RUN_NATS` more than that.

    `given` the document and `alone` are -log P of each token, nats. A question may say how to answer, or ask for
    several things at once: then a chunk explains only a part of it, and the mean hides that.
    """
    above = [without - within - margin for within, without in zip(given, alone, strict=True)]
    return sum(above) > 0 or _best_run(above) > RUN_NATS


def _best_run(values: Sequence[float]) -> float:
    """The largest sum of values that follow one another."""
    best = ending_here = 0.0
    for value in values:
        ending_here = max(0.0, ending_here + value)
        best = max(best, ending_here)
    return best
