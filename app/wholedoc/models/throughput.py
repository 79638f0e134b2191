"""How fast a model reads on this machine. It is measured once, and says how long a document will take."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from parallelcomp import Chunk, Engine, MemoryPlan
from parallelcomp.devices import device_name, synchronize

from ..storage.figures import MeasuredFigures

Cancel = Callable[[], bool]
# The first pass of a model is slower than later ones. A pass over this many tokens comes before the measured one.
WARM_UP_TOKENS = 64


@dataclass(frozen=True)
class ThroughputRecords:
    """The tokens a second of each model and device, among the figures of this machine."""

    figures: MeasuredFigures

    def get(self, engine: Engine) -> float | None:
        """Return the tokens a second of this model, or None if it has never read on this machine."""
        return self.figures.get(_key(engine))

    def fastest(self, fingerprints: Sequence[str]) -> float | None:
        """Return the most tokens a second of a model on this machine, by the fingerprints of its weights, or None.

        There is one fingerprint for each number format. No model need be loaded.
        """
        known = self.figures.here().items()
        return max((speed for key, speed in known if key.startswith(tuple(fingerprints))), default=None)

    def put(self, engine: Engine, tokens_per_second: float) -> None:
        """Remember the tokens a second of this model. Raises OSError."""
        self.figures.put(_key(engine), tokens_per_second)


def measure_throughput(
    engine: Engine, chunks: Sequence[Chunk], memory: MemoryPlan, cancelled: Cancel | None = None
) -> float:
    """Read one batch of `chunks`, drop its KV, and return the tokens a second. Raises Cancelled."""
    batch = chunks[: memory.prefill_batch]
    first = replace(batch[0], token_ids=batch[0].token_ids[:WARM_UP_TOKENS])
    for _ in engine.prefill([first], memory, cancelled):
        pass
    started = time.perf_counter()
    for _ in engine.prefill(batch, memory, cancelled):
        pass
    synchronize(engine.spec.device)
    return sum(len(chunk) for chunk in batch) / (time.perf_counter() - started)


def _key(engine: Engine) -> str:
    return f"{engine.spec.fingerprint} {device_name(engine.spec.device)}"
