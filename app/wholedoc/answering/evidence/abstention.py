"""When to abstain: whether anything that was read explains the question."""

from __future__ import annotations

from collections.abc import Sequence

# With this value 141 of 142 questions about a document pass, 87 of which are wrapped in instructions, and none of
# 108 questions about something else (docs/log.md, trial 27).
RUN_NATS = 6.0


def explains(given: Sequence[float], alone: Sequence[float], margin: float) -> bool:
    """Return whether a chunk makes the question's tokens more likely.

    `given` and `alone` hold -log P of each token, in nats, with the chunk and without it. Either the mean gain
    exceeds `margin` nats a token, or a run of neighbouring tokens gains `RUN_NATS` nats more than that margin. The
    run is needed for questions that also say how to answer, or that ask for several things: a chunk explains only a
    part of them, and the mean hides it.
    """
    above = [without - within - margin for within, without in zip(given, alone, strict=True)]
    return sum(above) > 0 or _best_run(above) > RUN_NATS


def _best_run(values: Sequence[float]) -> float:
    """Return the largest sum of neighbouring values."""
    best = ending_here = 0.0
    for value in values:
        ending_here = max(0.0, ending_here + value)
        best = max(best, ending_here)
    return best
