"""`benchmarks/gpu.py` on a CPU with a tiny model: what it counts, writes, skips and imports."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from benchmarks.accelerator import run as running
from benchmarks.accelerator.figures import figures
from benchmarks.accelerator.flops import causal_pairs, linear_weights, reading_flops
from benchmarks.accelerator.full import plain_attention
from benchmarks.accelerator.ledger import Attempts, Ledger, Row, State
from benchmarks.accelerator.ours import evictions
from benchmarks.accelerator.settings import QUICK
from benchmarks.accelerator.shapes import SHAPES, random_model
from benchmarks.accelerator.timing import Deadline, TimeEstimate
from torch import nn
from transformers import AutoModelForCausalLM, LlamaForCausalLM

from parallelcomp import Eviction, LoadedModel, MemoryPlanError
from parallelcomp.attention.attention import NAME

CPU = torch.device("cpu")
ROOT = Path(__file__).parents[3]
SHORT = replace(
    QUICK, document_lengths=(128, 256), full_lengths=(128,), common_length=128, batch_length=128, square=32
)


@pytest.fixture(scope="module")
def tiny() -> LoadedModel:
    return random_model(SHAPES["tiny"], CPU, torch.float32)


def attempts(out: Path, seconds: float = 1000) -> Attempts:
    deadline = Deadline(time.monotonic(), seconds)
    return Attempts(Ledger(out, {"benchmark": "gpu"}, figures), deadline, CPU)


def written(out: Path) -> list[Row]:
    rows: list[Row] = json.loads(out.read_text(encoding="utf-8"))["rows"]
    return rows


def test_operations_are_those_counted_token_by_token(tiny: LoadedModel) -> None:
    """Each of the tiny Llama's three layers has two square and two narrow projections and an MLP of three maps."""
    weights = 3 * (2 * 64 * 64 + 2 * 64 * 32 + 3 * 64 * 160)
    assert linear_weights(tiny.model) == weights
    counted = 0
    for chunk in (5, 3):
        for position in range(chunk):
            counted += 2 * weights
            for _ in range(3 * 4):  # layers and heads: 16 products and sums for a score, 16 for its share
                counted += (7 + position + 1) * (2 * 16 + 2 * 16)
    assert reading_flops(weights, tiny.spec, [5, 3], prefix=7) == counted


def test_the_linear_weights_of_llama_3_8b_are_the_published_ones_less_embedding_and_head() -> None:
    shape = SHAPES["llama-3-8b"]
    with torch.device("meta"):
        model = LlamaForCausalLM(shape.config())
    total = sum(one.numel() for one in model.parameters())
    assert total == 8_030_261_248
    norms = (2 * 32 + 1) * 4096
    assert linear_weights(model) == total - 2 * 128256 * 4096 - norms


def test_pairs_are_the_lower_triangle_and_what_stands_in_front() -> None:
    assert causal_pairs(4) == int(torch.ones(4, 4).tril().sum())
    assert causal_pairs(4, before=3) == causal_pairs(4) + 12


def test_a_random_model_has_weights_norms_and_frequencies_that_are_none_of_chance(tiny: LoadedModel) -> None:
    """The model is first made without memory: nothing may keep what the memory happened to hold."""
    linear = next(one for one in tiny.model.modules() if isinstance(one, nn.Linear))
    assert 0.015 < linear.weight.std().item() < 0.025
    assert bool((tiny.model.model.norm.weight == 1).all())
    expected = 10000.0 ** -(torch.arange(0, 16, 2) / 16)
    torch.testing.assert_close(tiny.model.model.rotary_emb.inv_freq, expected)


def test_plain_attention_lasts_as_long_as_it_is_wanted(tiny: LoadedModel) -> None:
    config = tiny.model.config
    with plain_attention(tiny.model, 5000):
        assert (config._attn_implementation, config.max_position_embeddings) == ("sdpa", 5000)
    assert (config._attn_implementation, config.max_position_embeddings) == (NAME, 1024)


def test_every_row_is_on_disk_before_the_next_is_measured(tmp_path: Path) -> None:
    out = tmp_path / "not yet there" / "gpu.json"
    seen: list[int] = []

    def work() -> Iterator[Row]:
        for value in range(3):
            yield {"value": value}
            seen.append(len(written(out)))

    attempts(out).attempt("three", TimeEstimate(growth=1), work, tokens=1)
    assert seen == [1, 2, 3]
    assert [row["value"] for row in written(out)] == [0, 1, 2]
    assert os.listdir(out.parent) == ["gpu.json"]


@pytest.mark.parametrize(
    ("error", "state", "reason"),
    [
        (torch.OutOfMemoryError("tried to allocate 80 GB\nmore"), State.SKIPPED, "memory: tried to allocate 80 GB"),
        (MemoryPlanError("needs 131 GB"), State.SKIPPED, "memory plan: needs 131 GB"),
        (RuntimeError("no kernel"), State.FAILED, "RuntimeError: no kernel"),
    ],
)
def test_what_goes_wrong_is_a_row_and_the_next_measurement_runs(
    error: Exception, state: State, reason: str, tmp_path: Path
) -> None:
    out = tmp_path / "gpu.json"
    pace = TimeEstimate(growth=1)

    def work() -> Iterator[Row]:
        yield {"part": "first"}
        raise error

    trying = attempts(out)
    trying.attempt("bad", pace, work, tokens=5)
    trying.attempt("good", pace, lambda: iter([{"part": "only"}]), tokens=6)
    first, bad, good = written(out)
    assert (first["part"], first["state"]) == ("first", State.MEASURED.value)
    assert (bad["state"], bad["reason"], bad["tokens"]) == (state.value, reason, 5)
    assert (good["state"], good["tokens"]) == (State.MEASURED.value, 6)
    assert pace.tokens == 6
    assert trying.ledger.finish() == (state is State.FAILED)


def test_what_does_not_fit_in_time_is_skipped_by_the_previous_length(tmp_path: Path) -> None:
    out = tmp_path / "gpu.json"
    pace = TimeEstimate(growth=2, tokens=100, seconds=30)
    trying = attempts(out, seconds=200)
    trying.attempt("twice", pace, lambda: iter([{}]), tokens=200)  # 120 s are expected and there
    pace.note(100, 30)
    trying.attempt("thrice", pace, lambda: iter([{}]), tokens=300)  # 270 s are not
    twice, thrice = written(out)
    assert twice["state"] == State.MEASURED.value
    assert thrice["state"] == State.SKIPPED.value
    assert thrice["reason"].startswith("time: about 270 s expected")


def test_a_deadline_that_passes_stops_the_engine_in_the_middle(tiny: LoadedModel, tmp_path: Path) -> None:
    out = tmp_path / "gpu.json"
    ours = running.Ours(tiny, SHORT, [1] * 128, 1.0, 1.0, Deadline(time.monotonic() - 10, 5))
    work = lambda: ours.document(128, running.default_config(SHORT))  # noqa: E731
    attempts(out).attempt("document", TimeEstimate(growth=1), work, tokens=128)
    (row,) = written(out)
    assert row["state"] == State.SKIPPED.value
    assert row["reason"].startswith("time: stopped")


def test_both_evictions_are_on_and_off_in_all_ways() -> None:
    ways = evictions(1000, 300, Eviction(kept_tokens=400, capacity=100))
    assert [(one.kept_tokens, one.capacity) for one in ways] == [(400, 100), (400, 300), (1000, 100), (1000, 300)]
    assert len(evictions(1000, 100, Eviction(kept_tokens=400, capacity=100))) == 2


def test_a_step_of_decoding_reads_the_weights_but_for_the_embedding_and_the_context(tiny: LoadedModel) -> None:
    ours = running.Ours(tiny, SHORT, [1], 1.0, 1.0, Deadline(time.monotonic(), 5))
    weights = 512 * 64 + 3 * (2 * 64 * 64 + 2 * 64 * 32 + 3 * 64 * 160 + 2 * 64) + 64
    assert ours._read_each_token(100) == 4 * (weights + 100 * 2 * 3 * 2 * 16)


def test_the_shape_of_qwen3_8b_has_its_published_parameters() -> None:
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(SHAPES["qwen3-8b"].config())
    assert sum(one.numel() for one in model.parameters()) == 8_190_735_360


def test_a_run_measures_all_that_it_promises(tmp_path: Path) -> None:
    out = tmp_path / "gpu.json"
    failed = running.run("tiny", SHORT, CPU, out, Deadline(time.monotonic(), 1000))
    content = json.loads(out.read_text(encoding="utf-8"))
    rows = content["rows"]
    assert failed == 0
    assert content["finished"] is True
    assert [row for row in rows if row["state"] != State.MEASURED.value] == []
    for name in ("command", "date", "torch", "transformers", "device", "matrix_product", "attention_kernels"):
        assert content[name]
    kinds = {row["measurement"] for row in rows} - {"weights in int8"}
    assert kinds == {"document", "full attention", "precision", "prefill batch", "chunk size", "through the store"}
    quantised = [row for row in rows if row["measurement"] == "weights in int8"]
    assert [row["part"] for row in quantised] == ["reading", "question", "laying out for scans", "question"]
    asked = [row for row in rows if row.get("part") == "question"]
    assert {row["kv_precision"] for row in asked} == {"bf16", "int8", "int4"}
    assert {row["chunk_tokens"] for row in asked} == {64, 128, 256}
    for row in asked:
        parts = [row[f"{part}_s"] for part in ("choose", "score", "select", "compress", "generate")]
        assert row["first_token_s"] == pytest.approx(sum(parts))
        assert row["decoded_tokens"] == SHORT.decoded_tokens
        assert row["decode_bound_ms_per_token"] > 0
    bounds = [quantised[1]["decode_bound_ms_per_token"], asked[0]["decode_bound_ms_per_token"]]
    assert bounds == sorted(bounds)
    (through,) = (row for row in rows if row["measurement"] == "through the store" and row["part"] == "reading")
    assert through["disk_gb"] > 0
    assert through["kv_way"] in ("host", "disk")
    every, some = (row for row in asked if row["measurement"] == "through the store")
    assert (every["scored_chunks"], some["scored_chunks"]) == (2, 2)
    assert [row["scanned"] for row in (every, some)] == [False, True]
    read = next(row for row in rows if row.get("part") == "reading" and row["tokens"] == 256)
    assert read["tokens_per_s"] == pytest.approx(256 / read["seconds"])
    weights = content["linear_weights"]
    counted = reading_flops(weights, random_model(SHAPES["tiny"], CPU, torch.float32).spec, [64] * 4, prefix=4)
    assert read["tflops"] * 1e12 * read["seconds"] == pytest.approx(counted)
    assert len(content["figures"]) == 3  # against full attention, batched, the longest


def gpu_script(*arguments: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the script as a stranger does: without PYTHONPATH, without a device, and from another folder."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "OMP_NUM_THREADS") if name in os.environ}
    return subprocess.run(
        [sys.executable, "-I", "-c", STRANGER, str(ROOT / "benchmarks" / "gpu.py"), *arguments],
        env={**kept, "CUDA_VISIBLE_DEVICES": "", **variables},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=200,
    )


# Runs the script by its path, where neither the app nor the packages that only the app needs can be imported.
STRANGER = """
import runpy, sys
for name in ("wholedoc", "wholedoc_ui", "accelerate", "gradio", "click", "psutil"):
    sys.modules[name] = None
sys.argv = sys.argv[1:]
try:
    runpy.run_path(sys.argv[0], run_name="__main__")
finally:
    sys.stderr.write("engine: " + sys.modules["parallelcomp"].__file__ + "\\n")
"""


def test_without_a_device_it_says_so(tmp_path: Path) -> None:
    out = tmp_path / "gpu.json"
    ran = gpu_script("--out", str(out), folder=tmp_path)
    assert ran.returncode == 2
    assert "needs a CUDA device" in ran.stderr
    assert not out.exists()


def test_the_quick_run_needs_torch_and_transformers_alone(tmp_path: Path) -> None:
    """Its time is up at once, so it does only what every run does."""
    ran = gpu_script("--quick", "--seconds", "0.01", folder=tmp_path, OUT=str(tmp_path / "out"))
    assert ran.returncode == 0, ran.stderr
    assert f"engine: {ROOT / 'engine'}" in ran.stderr
    content = json.loads((tmp_path / "out" / "gpu.json").read_text(encoding="utf-8"))
    assert content["shape"] == "tiny"
    assert {row["state"] for row in content["rows"]} == {State.SKIPPED.value}
    assert all(row["reason"].startswith("time: ") for row in content["rows"])
