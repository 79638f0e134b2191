"""Settings are refused when they are made, by name, and mean what they say."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest
import torch

from parallelcomp import Calibration, Composition, EngineConfig, Eviction, KVPrecision, LayerRange, Region, Sampling

ALL = LayerRange(0, 1)
NAN = float("nan")
CALIBRATION = Calibration(Region.SINK, ALL)


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (lambda: Eviction(kept_tokens=0), "kept_tokens"),
        (lambda: Eviction(capacity=0), "capacity"),
        (lambda: Eviction(observation_window=0), "observation_window"),
        (lambda: Eviction(pooling_kernel=6), "pooling_kernel"),
        (lambda: Eviction(pooling_kernel=-1), "pooling_kernel"),
        (lambda: Calibration(Region.SINK, ALL, threshold=0.0), "threshold"),
        (lambda: Calibration(Region.SINK, ALL, threshold=1.0), "threshold"),
        (lambda: Calibration(Region.SINK, ALL, threshold=NAN), "threshold"),
        (lambda: Calibration(Region.SINK, ALL, edge_tokens=0), "edge_tokens"),
        (lambda: Calibration(Region.SINK, ALL, queries=0), "queries"),
        (lambda: EngineConfig(chunk_tokens=15), "chunk_tokens"),
        (lambda: EngineConfig(prior_sharpness=-0.1), "prior_sharpness"),
        (lambda: EngineConfig(prior_sharpness=NAN), "prior_sharpness"),
        (lambda: EngineConfig(prefill_batch=0), "prefill_batch"),
        (lambda: EngineConfig(calibration=CALIBRATION, composition=Composition.MIXTURE), "calibration"),
        (lambda: EngineConfig(calibration=CALIBRATION, composition=Composition.REREAD), "calibration"),
        (lambda: EngineConfig(score_batch=-1), "score_batch"),
        (lambda: Sampling(top_p=NAN), "top_p"),
        (lambda: Sampling(repetition_penalty=NAN), "repetition_penalty"),
        (lambda: Sampling(repetition_penalty=float("inf")), "repetition_penalty"),
        (lambda: LayerRange(NAN, 1), "layer range"),
    ],
)
def test_impossible_settings_are_refused_by_name(make: Callable[[], Any], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        make()


def test_settings_do_not_change() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        EngineConfig().chunk_tokens = 2048  # type: ignore[misc]


def test_precisions_name_their_number_formats() -> None:
    assert [p.dtype for p in KVPrecision] == [torch.float32, torch.bfloat16, torch.float16, None, None, None]
    assert [p.bits for p in KVPrecision] == [32, 16, 16, 8, 4, 2]
    for precision in KVPrecision:
        assert precision.dtype is None or KVPrecision.of(precision.dtype) is precision
    with pytest.raises(ValueError, match="float64"):
        KVPrecision.of(torch.float64)


def test_bytes_of_a_number_count_its_part_of_scale_and_zero_point() -> None:
    """A scale and a zero point of 16 bits each, for 32 numbers or the fewer that a head has."""
    assert [p.bytes_per_number(64) * 8 for p in KVPrecision] == [32, 16, 16, 9, 5, 3]
    assert KVPrecision.INT4.bytes_per_number(8) * 8 == 4 + (32 / 32 + 32 / 8) / 2
    assert KVPrecision.INT4.bytes_per_number(80) * 8 == 4 + (32 / 32 + 3 * 32 / 80) / 2
