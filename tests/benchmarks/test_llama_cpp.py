"""Medians and ratios against llama.cpp, and what is said where it is not there."""

from __future__ import annotations

from typing import Any

import pytest
from benchmarks import llama_cpp
from benchmarks.llama_cpp import NotInstalledError, add_ratios, medians
from benchmarks.report import Report


def test_the_median_of_the_rounds_counts() -> None:
    rounds = [{"read_s": 3.0, "peak_gb": 1.0}, {"read_s": 9.0, "peak_gb": 1.2}, {"read_s": 4.0, "peak_gb": 1.1}]
    assert medians(rounds) == {"read_s": 4.0, "peak_gb": 1.1}


def test_above_one_is_always_better_for_ours() -> None:
    report = Report("made")
    for engine, speed, first_s, decoding in (("ours", 800.0, 2.0, 20.0), ("llama.cpp", 400.0, 0.5, 40.0)):
        report.add(
            engine=engine,
            tokens=8192,
            read_tokens_per_s=speed,
            first_token_s=first_s,
            decode_tokens_per_s=decoding,
        )
    add_ratios(report)
    assert report.rows[2:] == [
        {
            "figure": "ours over llama.cpp at 8192 tokens",
            "read_tokens_per_s": 2.0,
            "first_token": 0.25,
            "decode_tokens_per_s": 0.5,
        }
    ]


def test_without_llama_cpp_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: Any) -> dict[str, Any]:
        return {"version": None}

    monkeypatch.setattr(llama_cpp, "in_child", missing)
    with pytest.raises(NotInstalledError, match=r"make llama-cpp.*--llama-cpp-python"):
        llama_cpp.run(quick=True)
