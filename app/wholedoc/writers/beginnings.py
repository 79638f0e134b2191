"""What prompts begin with again and again (a task, its examples), read once by a model in this process."""

from __future__ import annotations

from collections.abc import Sequence

from parallelcomp import Engine, Prefix

# Beginnings that are held.
HELD = 4
# Fewer tokens in common are read as quickly as they are looked up, and no more are held: of a model of 1.5 billion
# parameters in fp32 that is 30 MB.
WORTH_HOLDING, MOST = 32, 512


class Beginnings:
    """The beginnings of a model's prompts, the least recently used of which goes.

    Where a prompt is cut depends on nothing but the prompt: its numbers are rounded by which tokens are read
    together, so that otherwise an answer might depend on what was asked before.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._held: dict[tuple[int, ...], Prefix] = {}

    def of(self, prompt: Sequence[int], opening: Sequence[int]) -> Prefix | None:
        """Return what this prompt and its `opening` begin with in common, if that is worth anything.

        At least two tokens of the prompt are left.
        """
        shared = min(_alike(prompt, opening), len(prompt) - 2, MOST)
        return self.read(prompt[:shared]) if shared >= WORTH_HOLDING else None

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
