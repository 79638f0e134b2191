"""How fast a model reads: measured on one batch, and remembered by model, device and machine."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from parallelcomp import Cancelled, Chunk, ChunkKV, Engine
from wholedoc import Library
from wholedoc.models.throughput import WARM_UP_TOKENS, ThroughputRecords, measure_throughput
from wholedoc.storage.figures import MeasuredFigures

pytestmark = pytest.mark.embedded


def test_what_was_measured_is_there_in_another_process(library: Library, tmp_path: Path) -> None:
    records = ThroughputRecords(MeasuredFigures(tmp_path / "new folder" / "throughput.json"))
    assert records.get(library.engine) is None
    records.put(library.engine, 123.5)
    assert ThroughputRecords(records.figures).get(library.engine) == 123.5
    records.put(library.engine, 99.0)
    assert records.get(library.engine) == 99.0


def test_models_are_told_apart(library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    records = ThroughputRecords(MeasuredFigures(tmp_path / "throughput.json"))
    records.put(library.engine, 10.0)
    with monkeypatch.context() as patch:
        patch.setitem(library.engine.loaded.spec.__dict__, "fingerprint", "another model")
        assert records.get(library.engine) is None
        records.put(library.engine, 20.0)
    assert records.get(library.engine) == 10.0
    assert sorted(json.loads(records.figures.path.read_text()).values()) == [10.0, 20.0]


@pytest.mark.parametrize("content", ["", "[]", "{", "null", '{"x": "fast"}'])
def test_a_damaged_file_is_as_none(library: Library, tmp_path: Path, content: str) -> None:
    path = tmp_path / "throughput.json"
    path.write_text(content)
    records = ThroughputRecords(MeasuredFigures(path))
    assert records.get(library.engine) is None
    records.put(library.engine, 5.0)
    assert records.get(library.engine) == 5.0


@pytest.mark.parametrize("number", [0.0, -3.0, "12", None])
def test_a_rate_that_is_none_is_measured_again(library: Library, tmp_path: Path, number: object) -> None:
    records = ThroughputRecords(MeasuredFigures(tmp_path / "throughput.json"))
    records.put(library.engine, 1.0)
    (key,) = json.loads(records.figures.path.read_text())
    records.figures.path.write_text(json.dumps({key: number}))
    assert records.get(library.engine) is None


def test_it_is_measured_on_one_batch_after_a_short_first_pass(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Time is counted by a clock that goes one second a token read, except while the first pass warms up."""
    engine = library.engine
    chunks = [Chunk(index, 100 * index, tuple(range(100))) for index in range(7)]
    memory = engine.plan(700)
    read: list[list[int]] = []
    clock = [0.0]

    def prefill(self: Engine, group: Any, *_: Any) -> Iterator[ChunkKV]:
        read.append([len(one) for one in group])
        clock[0] += 0.5 * sum(map(len, group))
        return iter(())

    monkeypatch.setattr(Engine, "prefill", prefill)
    monkeypatch.setattr(time, "perf_counter", lambda: clock[0])
    assert measure_throughput(engine, chunks, memory) == pytest.approx(2.0)
    warm_up, batch = read
    assert warm_up == [WARM_UP_TOKENS]
    assert batch == [100] * min(memory.prefill_batch, 7)


def test_measuring_can_be_stopped(library: Library) -> None:
    chunks = [Chunk(0, 0, tuple(range(5, 105)))]
    with pytest.raises(Cancelled):
        measure_throughput(library.engine, chunks, library.engine.plan(100), lambda: True)
