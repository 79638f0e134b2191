"""Reading beside a busy process: what is measured, and how threads are told to wait meanwhile."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil
import pytest
from benchmarks import report
from benchmarks.speed import contention, contention_child
from benchmarks.speed.contention import Waiting
from benchmarks.speed.contention_child import ContentionRequest, busy_process

from wholedoc.models.text_model import open_model
from wholedoc.runtime.openmp import CHOSEN_BY_USER, SPINS


def test_a_busy_process_is_busy_until_the_end() -> None:
    others = set(psutil.Process().children())
    with busy_process():
        (process,) = set(psutil.Process().children()) - others
        began = process.cpu_times().user
        deadline = time.monotonic() + 60
        while process.cpu_times().user < began + 0.1:
            assert time.monotonic() < deadline
            time.sleep(0.02)
    assert not process.is_running()


def test_both_readings_are_timed(roomy_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second alone is beside a busy process."""
    children: list[int] = []
    read = contention_child._read

    def noting(*arguments: Any) -> float:
        children.append(len(psutil.Process().children()))
        return read(*arguments)

    others = len(psutil.Process().children())
    monkeypatch.setattr(contention_child, "_read", noting)
    monkeypatch.setattr(contention_child, "open_model", lambda **options: open_model(str(roomy_model), **options))
    row = contention_child.measure(ContentionRequest(600))
    assert children == [others, others, others + 1]
    assert row["idle_s"] > 0
    assert row["busy_s"] > 0
    assert 0 <= row["cores_of_others"] <= (os.cpu_count() or 1)


@pytest.mark.parametrize("name", CHOSEN_BY_USER)
def test_what_the_user_has_set_is_not_measured(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "1")
    told = {way: {one: way.environment().get(one) for one in CHOSEN_BY_USER} for way in Waiting}
    untold = dict.fromkeys(CHOSEN_BY_USER)
    assert told[Waiting.SPINNING] == {**untold, "GOMP_SPINCOUNT": "300000"}
    assert told[Waiting.ASLEEP] == {**untold, "GOMP_SPINCOUNT": str(SPINS)}


def test_both_ways_take_turns_and_are_compared_by_medians(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def measured(_: Any, request: ContentionRequest, environment: Mapping[str, str]) -> dict[str, float]:
        asked.append(environment["GOMP_SPINCOUNT"])
        turn = (len(asked) - 1) // 2
        if environment["GOMP_SPINCOUNT"] == str(contention.GNU_SPINS):
            return {"idle_s": [2.0, 9.0, 2.0, 3.0, 1.0][turn], "busy_s": 24.0, "cores_of_others": 0.0}
        return {"idle_s": [2.1, 2.1, 8.0, 2.1, 1.0][turn], "busy_s": 4.2, "cores_of_others": 0.5}

    monkeypatch.setattr(contention, "in_child", measured)
    monkeypatch.setattr(report, "RESULTS", tmp_path)
    made = contention.run(quick=False)
    assert asked == [str(contention.GNU_SPINS), str(SPINS)] * 5
    assert {row["figure"]: pytest.approx(row["ratio"]) for row in made.rows if "figure" in row} == {
        "idle, asleep over spinning": 1.05,
        "beside one busy process over idle, spinning": 12.0,
        "beside one busy process over idle, asleep": 2.0,
    }
    written = json.loads(made.write().read_text())
    assert [row["waiting"] for row in written["rows"] if "waiting" in row] == ["spinning", "asleep"]
    assert written["rows"][1]["cores_of_others"] == 0.5
