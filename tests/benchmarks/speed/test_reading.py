"""The ratios that the benchmark of reading adds to its measurements."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from benchmarks.report import Report
from benchmarks.speed import reading_child
from benchmarks.speed.reading import add_ratios
from benchmarks.speed.reading_child import ReadingRequest, Way, measure

from parallelcomp import KVPrecision
from wholedoc.models.text_model import open_model


def measured() -> Report:
    """Return a report: ours takes 1 ms a token (1.5 at 131,072), plain 1 ms and 0.1 us a pair of tokens."""
    report = Report("made")
    for tokens in (8192, 16384, 131072):
        pace = 1.5e-3 if tokens == 131072 else 1e-3
        report.add(way="ours", varied="length", tokens=tokens, seconds=pace * tokens)
    for tokens in (2048, 8192, 16384):
        report.add(way="plain", varied="length", tokens=tokens, seconds=1e-3 * tokens + 1e-7 * tokens**2)
    for batch, seconds in ((1, 12.0), (4, 8.0)):
        report.add(way="ours", varied="prefill batch", tokens=16384, prefill_batch=batch, seconds=seconds)
    return report


def figures(report: Report) -> dict[str, dict[str, Any]]:
    return {row["figure"]: row for row in report.rows if "figure" in row}


def test_ratios_are_of_the_same_length_or_said_to_be_extrapolated() -> None:
    report = measured()
    add_ratios(report)
    found = figures(report)
    assert found["cost per token, 131072 over 8192 tokens"]["ratio"] == pytest.approx(1.5)
    ratio = found["tokens/s, ours over plain transformers at 16384 tokens"]["ratio"]
    assert ratio == pytest.approx(1 + 1e-4 * 16384)
    assert "tokens/s, ours over plain transformers at 2048 tokens" not in found
    extrapolated = found["plain transformers, extrapolated by the fit"]
    assert extrapolated["extrapolated_s"] == pytest.approx(1e-3 * 131072 + 1e-7 * 131072**2)
    name = "tokens/s, ours measured over plain transformers extrapolated, at 131072 tokens"
    assert found[name]["ratio"] == pytest.approx((1 + 1e-4 * 131072) / 1.5)


def test_the_fit_is_shown_at_every_point() -> None:
    report = measured()
    add_ratios(report)
    points = [row for row in report.rows if row.get("figure") == "fit of plain transformers"]
    assert [row["tokens"] for row in points] == [2048, 8192, 16384]
    assert [row["residual"] for row in points] == pytest.approx([0, 0, 0], abs=1e-9)
    (fit,) = (row for row in report.rows if "a" in row)
    assert (fit["a"], fit["b"]) == pytest.approx((1e-3, 1e-7))


def test_batching_is_not_called_a_speed_up_over_full_attention() -> None:
    report = measured()
    add_ratios(report)
    name = "batched against one chunk at a time, 4 chunks a pass"
    assert figures(report)[name]["ratio"] == pytest.approx(1.5)
    assert any("23.5" in note and "neither" in note for note in report.notes)


def test_a_measurement_reads_as_it_says(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading_child, "open_model", lambda **options: open_model(str(tiny_model), **options))
    ours = measure(
        ReadingRequest(Way.OURS, 700, fp32=True, chunk_tokens=256, prefill_batch=3, precision=KVPrecision.INT4)
    )
    assert (ours["tokens"], ours["chunk_tokens"], ours["prefill_batch"]) == (700, 256, 3)
    assert (ours["precision"], ours["dtype"]) == ("int4", "float32")
    plain = measure(ReadingRequest(Way.PLAIN, 700, fp32=True))
    assert plain["tokens_per_s"] == pytest.approx(700 / plain["seconds"])
