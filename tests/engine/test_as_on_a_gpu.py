"""A question from reading to answer on every way that is a GPU's: the same as on a CPU's ways.

Doubles stand in for what only a GPU has: its stream of copies, its flash kernels, and the recording of a step.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from parallelcomp import (
    Calibration,
    ChunkKV,
    Composition,
    Engine,
    EngineConfig,
    Eviction,
    Kernel,
    KVPrecision,
    LayerRange,
    Region,
    ReplyRequest,
    Sampling,
)
from parallelcomp.attention import attention
from parallelcomp.context.composition import SingleState
from parallelcomp.decoding.fixed import FixedSteps, run_again
from parallelcomp.kv import rows

from .kv.late_lane import LateLane
from .test_kernels import Flash
from .tiny import PREFIX, QUESTION, chunks_of, pair

GREEDY = Sampling(max_new_tokens=9)
KEPT = Eviction(kept_tokens=100, capacity=24)
CONFIGS = [
    EngineConfig(chunk_tokens=64, precision=KVPrecision.INT8, eviction=KEPT),
    EngineConfig(chunk_tokens=64, precision=KVPrecision.INT4, composition=Composition.MIXTURE),
    EngineConfig(
        chunk_tokens=64,
        precision=KVPrecision.BF16,
        calibration=Calibration(regions=Region.SINK, layers=LayerRange(0.3, 0.7), threshold=0.02),
    ),
]


@pytest.fixture
def as_on_a_gpu(monkeypatch: pytest.MonkeyPatch) -> Callable[[], LateLane]:
    """Returns what makes the CPU go all ways of a GPU, with KV that has to travel along the lane."""

    def switch() -> LateLane:
        lane, flash = LateLane(), Flash()
        monkeypatch.setattr(rows, "reads_together", lambda device: True)
        monkeypatch.setattr(rows, "in_one_row", lambda stored, device: rows.FusedRow(stored, device, lane))
        monkeypatch.setattr("parallelcomp.context.assembly.in_one_row", rows.in_one_row)
        monkeypatch.setattr(attention, "usable_kernel", lambda device, dtype: Kernel.FLASH)
        monkeypatch.setattr(attention, "flash_kernel", lambda device: flash.functions)
        monkeypatch.setattr(attention, "rows_kernel", lambda kernel, device: flash.rows)
        monkeypatch.setattr(SingleState, "recorded", recorded)
        return lane

    return switch


def recorded(state: SingleState, longest: int) -> Callable[[], FixedSteps]:
    return lambda: FixedSteps(state._loaded, state.context, run_again)


def asked(engine: Engine, read: list[ChunkKV]) -> tuple[list[float], list[int], list[int], Any]:
    """Every chunk's score, the chunks that stay, the answer, and what each chunk says by itself."""
    memory = engine.plan(sum(len(one.chunk) for one in read))
    scores = list(engine.score(read, QUESTION, memory))
    kept = engine.select(read, iter(scores))
    selection = engine.compress(read, kept, QUESTION, GREEDY.max_new_tokens)
    answer = list(engine.generate(selection, GREEDY, frozenset()))
    replies = engine.reply_each(read, ReplyRequest(QUESTION.all_ids, 4), memory)
    said = [one.token_ids for one in replies]
    return [one.nll for one in scores], [one.index for one in kept], answer, said


@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: config.composition.value + config.precision.value)
def test_a_question_is_answered_as_on_a_cpu(config: EngineConfig, as_on_a_gpu: Callable[[], LateLane]) -> None:
    one = pair("qwen3 15/5")
    engine = Engine(one.loaded, PREFIX, config)
    chunks = chunks_of(64, 37, 64, 50)
    read = list(engine.prefill(chunks, engine.plan(sum(map(len, chunks)))))
    nll, kept, answer, said = asked(engine, read)
    lane = as_on_a_gpu()
    found = asked(engine, read)
    assert found[0] == pytest.approx(nll, abs=1e-3)
    assert found[1:] == (kept, answer, said)
    assert lane.log.count("copy") % one.spec.layers == 0
    assert len(set(nll)) == len(chunks)
