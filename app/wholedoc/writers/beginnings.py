"""What prompts begin with again and again (a task, its examples), read once by a model in this process."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from parallelcomp import Engine, Prefix

# Beginnings that are held, and prompts that a new one is compared with.
HELD = 4
# Fewer tokens in common are read as quickly as they are looked up, and no more are held: of a model of 1.5 billion
# parameters in fp32 that is 30 MB.
WORTH_HOLDING, MOST = 32, 512


class Beginnings:
    """The beginnings of a model's prompts that were the same before, the least recently used of which goes."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._held: dict[tuple[int, ...], Prefix] = {}
        self._prompts: deque[tuple[int, ...]] = deque(maxlen=HELD)

    def of(self, prompt: Sequence[int]) -> Prefix | None:
        """Return the longest beginning that this prompt shares with one before it, if it is worth anything.

        At least two tokens of the prompt are left.
        """
        ids = tuple(prompt)
        usable = [held for held in self._held if len(held) <= len(ids) - 2 and ids[: len(held)] == held]
        best = max(usable, key=len, default=())
        shared = max((_alike(ids, other) for other in self._prompts), default=0)
        shared = min(shared, len(ids) - 2, MOST)
        self._prompts.append(ids)
        if shared >= len(best) + WORTH_HOLDING:
            best = ids[:shared]
        return self.read(best) if best else None

    def read(self, ids: Sequence[int]) -> Prefix:
        """Return the beginning with just these tokens, which is read now unless it is held."""
        wanted = tuple(ids)
        held = self._held.pop(wanted, None) or self._engine.read_prefix(wanted)
        self._held[wanted] = held  # as the last to go
        if len(self._held) > HELD:
            del self._held[next(iter(self._held))]
        return held


def _alike(one: Sequence[int], other: Sequence[int]) -> int:
    """Return how many tokens two prompts begin with in common."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((index for index, (left, right) in pairs if left != right), min(len(one), len(other)))
