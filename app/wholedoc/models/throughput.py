"""How fast a model reads on this machine. It is measured once, and says how long a document will take."""

from __future__ import annotations

import json
import platform
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from parallelcomp import Chunk, Engine, MemoryPlan

from ..storage.chunk_store import write_atomically

Cancel = Callable[[], bool]
# The first pass of a model is slower than later ones. A pass over this many tokens comes before the measured one.
WARM_UP_TOKENS = 64


@dataclass(frozen=True)
class ThroughputRecords:
    """The tokens a second of each model, device and machine, in one JSON file."""

    path: Path

    def get(self, engine: Engine) -> float | None:
        """Return the tokens a second of this model, or None if it has never read on this machine."""
        throughput = self._all().get(_key(engine))
        return throughput if isinstance(throughput, float) and throughput > 0 else None

    def fastest(self, fingerprints: Sequence[str]) -> float | None:
        """Return the most tokens a second of a model on this machine, by the fingerprints of its weights, or None.

        There is one fingerprint for each number format. No model need be loaded.
        """
        known = self._all().items()
        here = f" {platform.node()}"
        speeds = [speed for key, speed in known if key.endswith(here) and key.startswith(tuple(fingerprints))]
        return max((speed for speed in speeds if isinstance(speed, float) and speed > 0), default=None)

    def put(self, engine: Engine, tokens_per_second: float) -> None:
        """Remember the tokens a second of this model. Raises OSError."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(self.path, json.dumps({**self._all(), _key(engine): tokens_per_second}).encode())

    def _all(self) -> dict[str, object]:
        try:
            content = json.loads(self.path.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return {}
        return content if isinstance(content, dict) else {}


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
    if engine.spec.device.type == "cuda":
        torch.cuda.synchronize(engine.spec.device)
    return sum(len(chunk) for chunk in batch) / (time.perf_counter() - started)


def _key(engine: Engine) -> str:
    device = engine.spec.device
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else f"cpu x{torch.get_num_threads()}"
    return f"{engine.spec.fingerprint} {name} {platform.node()}"
