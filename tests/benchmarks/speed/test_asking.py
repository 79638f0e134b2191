"""Every step of a question is timed where it is taken."""

from __future__ import annotations

from pathlib import Path

import pytest
from benchmarks.sample import SAMPLES
from benchmarks.speed import asking_child
from benchmarks.speed.asking_child import STEPS, AskingRequest, measure

from wholedoc.models.text_model import open_model


def test_the_steps_lie_within_the_way_to_the_first_token(
    roomy_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking_child, "open_model", lambda **options: open_model(str(roomy_model), **options))
    row = measure(AskingRequest(SAMPLES / "short_notice.pdf", 1300, questions=1, decoded=3))
    steps = [row[f"{step}_s"] for step in STEPS if f"{step}_s" in row]
    assert len(steps) == len(STEPS) - 1 + row["second_looks"]
    assert all(seconds > 0 for seconds in steps)
    assert row["first_token_s"] > sum(steps)
    assert (row["tokens"], row["kept_tokens"]) == (1300, 1300)
    assert row["decode_passage_tokens_per_s"] > 0
