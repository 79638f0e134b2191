"""The memory plan: exact bytes where they can be counted, and a verdict that does not depend on who asks."""

from __future__ import annotations

import dataclasses
import os
import sys

import pytest
import torch

from parallelcomp import (
    Composition,
    EngineConfig,
    Eviction,
    KVPrecision,
    MemoryPlan,
    MemoryPlanError,
    ModelSpec,
    plan,
)
from parallelcomp.memory import free_bytes

from .tiny import chunks_of, pair, read, read_prefix

MB = 10**6
CPU = torch.device("cpu")
CONFIG = EngineConfig(chunk_tokens=64, precision=KVPrecision.BF16)


def cpu_spec() -> ModelSpec:
    return pair("llama 4/4").spec


def gpu_spec() -> ModelSpec:
    """A plan asks nothing of the device when it is told what is free."""
    return dataclasses.replace(cpu_spec(), device=torch.device("cuda"))


def test_weights_are_counted_to_the_byte() -> None:
    """Llama by hand: embedding and head, per layer four square projections, three of the MLP, two norms."""
    hidden, vocabulary, inner = 32, 131, 40
    layer = 4 * hidden * hidden + 3 * hidden * inner + 2 * hidden
    assert cpu_spec().weight_bytes == 4 * (2 * vocabulary * hidden + 3 * layer + hidden)


def test_tied_embeddings_are_counted_once() -> None:
    spec = pair("smollm 9/3 tied").spec
    hidden, kv, inner = 72, 24, 40
    layer = 2 * hidden * hidden + 2 * hidden * kv + 3 * hidden * inner + 2 * hidden
    assert spec.weight_bytes == 4 * (131 * hidden + 3 * layer + hidden)


@pytest.mark.parametrize("family", ["smollm 9/3 tied", "qwen2 7/1", "qwen3 wide heads 3/1"])
@pytest.mark.parametrize("precision", KVPrecision)
def test_kv_bytes_are_those_of_the_chunks_really_stored(family: str, precision: KVPrecision) -> None:
    one = pair(family)
    stored = read(one, read_prefix(one), chunks_of(32, 96, 64), precision)
    config = dataclasses.replace(CONFIG, precision=precision)
    memory = plan(one.spec, 192, config, free=100 * MB)
    assert memory.kv == sum(chunk.kv.nbytes for chunk in stored)
    assert memory.kv_per_token == stored[0].kv.nbytes / 32


@pytest.mark.parametrize("precision", KVPrecision)
def test_a_last_group_that_is_not_full_costs_at_most_its_grid_and_a_byte_of_padding(precision: KVPrecision) -> None:
    """Per channel: a step and a lowest value in fp16, and the codes of keys and values filled up to a byte."""
    one = pair()
    spec = one.spec
    for length in (1, 23, 41, 63):
        (chunk,) = read(one, read_prefix(one), chunks_of(length), precision)
        memory = plan(spec, length, dataclasses.replace(CONFIG, precision=precision), free=100 * MB)
        beyond = chunk.kv.nbytes - memory.kv
        if precision.dtype is None:
            assert 0 < beyond < spec.layers * spec.kv_heads * spec.head_dim * (4 + 2) + 1
        else:
            assert beyond == 0


@pytest.mark.parametrize("free", [10 * MB, 40 * MB, 123_456_789])
@pytest.mark.parametrize("asked", [1, 100, 5000, 10**7])
def test_the_longest_document_fits_and_one_token_more_does_not(free: int, asked: int) -> None:
    """Whatever the length of the document that was asked about."""
    spec = cpu_spec()
    longest = plan(spec, asked, CONFIG, free=free).longest_document
    assert longest > 0
    exactly = plan(spec, longest, CONFIG, free=free)
    beyond = plan(spec, longest + 1, CONFIG, free=free)
    assert exactly.fits
    assert not beyond.fits


def test_what_fits_takes_no_more_than_what_is_free() -> None:
    spec = cpu_spec()
    for tokens in (1, 3000, 20_000, 60_000, 200_000):
        memory = plan(spec, tokens, CONFIG, free=20 * MB)
        if memory.fits:
            assert memory.kv + memory.activations + memory.context <= 20 * MB
        else:
            assert memory.kv > memory.kv_available
    assert plan(spec, 1, CONFIG, free=20 * MB).fits
    assert not plan(spec, 200_000, CONFIG, free=20 * MB).fits


def test_a_narrower_format_fits_twice_the_document() -> None:
    narrow, wide = (
        plan(cpu_spec(), 10**6, dataclasses.replace(CONFIG, precision=precision), free=50 * MB)
        for precision in (KVPrecision.FP16, KVPrecision.FP32)
    )
    assert narrow.longest_document // 2 == wide.longest_document


def test_the_verdict_names_lengths_and_remedies() -> None:
    fits, fails = (plan(cpu_spec(), tokens, CONFIG, free=20 * MB) for tokens in (1000, 10**7))
    assert "1,000 tokens" in fits.verdict
    assert "it fits" in fits.verdict
    assert f"{fits.longest_document:,}" in fits.verdict
    assert "10,000,000 tokens" in fails.verdict
    assert f"at most {fails.longest_document:,} tokens" in fails.verdict
    fits.check()
    with pytest.raises(MemoryPlanError) as caught:
        fails.check()
    assert str(caught.value) == fails.verdict


@pytest.mark.parametrize("free", [0, 1000, MB, 100 * MB, 10**12])
def test_batches_are_at_least_one_chunk(free: int) -> None:
    for spec in (cpu_spec(), gpu_spec()):
        memory = plan(spec, 1000, CONFIG, free=free, free_host=free)
        assert memory.prefill_batch >= 1
        assert memory.score_batch >= 1


def test_batches_grow_with_the_memory_and_stop_where_they_no_longer_help() -> None:
    sizes = [
        plan(gpu_spec(), 1000, CONFIG, free=free, free_host=0).prefill_batch
        for free in (4 * MB, 40 * MB, 10**9, 10**12)
    ]
    assert sizes == sorted(sizes)
    assert sizes[0] < sizes[1] < sizes[2] == sizes[3]


def test_batches_that_were_set_are_not_second_guessed() -> None:
    config = dataclasses.replace(CONFIG, prefill_batch=7, score_batch=5)
    memory = plan(cpu_spec(), 1000, config, free=100 * MB)
    assert (memory.prefill_batch, memory.score_batch) == (7, 5)


def test_an_empty_document_fits() -> None:
    memory = plan(cpu_spec(), 0, CONFIG, free=20 * MB)
    assert memory.kv == 0
    assert memory.fits


def test_nothing_fits_where_nothing_is_free() -> None:
    memory = plan(cpu_spec(), 1, CONFIG, free=0)
    assert not memory.fits
    assert memory.longest_document == 0


def test_kv_goes_to_the_device_if_it_fits_there_and_else_to_the_host() -> None:
    few, many = (plan(gpu_spec(), n, CONFIG, free=20 * MB, free_host=200 * MB) for n in (1000, 200_000))
    assert few.kv_device.type == "cuda"
    assert many.kv_device.type == "cpu"
    assert few.fits
    assert many.fits


@pytest.mark.parametrize(("free", "free_host"), [(100, 5), (20, 200)])
@pytest.mark.parametrize("asked", [100, 50_000, 10**7])
def test_the_longest_document_is_that_of_the_larger_of_device_and_host(
    free: int, free_host: int, asked: int
) -> None:
    """Whichever of the two the document that was asked about would have gone to."""

    def planned(tokens: int) -> MemoryPlan:
        return plan(gpu_spec(), tokens, CONFIG, free=free * MB, free_host=free_host * MB)

    longest = planned(asked).longest_document
    assert planned(longest).fits
    assert not planned(longest + 1).fits


def test_a_device_without_room_for_one_chunk_is_not_saved_by_the_host() -> None:
    """KV may live in the host's memory; the forward pass may not."""
    assert not plan(gpu_spec(), 1000, CONFIG, free=0, free_host=10**12).fits


def test_what_is_free_is_asked_of_the_system() -> None:
    memory = plan(cpu_spec(), 1000, CONFIG)
    assert 0 < memory.available < 10**15
    assert memory.fits


@pytest.mark.parametrize(("composition", "sequences"), [(Composition.ASSEMBLED, 1), (Composition.MIXTURE, 4)])
def test_the_context_has_room_for_what_is_kept_and_no_more(composition: Composition, sequences: int) -> None:
    """In a mixture each of the kept chunks (500 tokens in chunks of 128) has its own prefix, question, answer."""
    config = EngineConfig(chunk_tokens=128, eviction=Eviction(kept_tokens=500), composition=composition)
    memory = plan(cpu_spec(), 9000, config, free=100 * MB, prefix_tokens=10, question_tokens=20, answer_tokens=30)
    assert memory.context == (500 + sequences * 60) * cpu_spec().kv_bytes_per_token(4)


def test_free_memory_is_known_without_psutil(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where only torch and transformers are installed: the pages that nobody uses, so never more than there is."""
    monkeypatch.setitem(sys.modules, "psutil", None)
    assert 10 * MB < free_bytes(CPU) < os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
