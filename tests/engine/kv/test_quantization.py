"""Quantised KV: really packed, read back to within half a scale, and good enough to score and answer with."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from itertools import product

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from parallelcomp import (
    Composition,
    Engine,
    EngineConfig,
    Eviction,
    KVPrecision,
    QuantizedKV,
    Sampling,
    restore,
    store_kv,
)
from parallelcomp.kv import quantization
from parallelcomp.scoring import score

from ..tiny import PREFIX, QUESTION, chunks_of, pair, read, read_prefix

CPU = torch.device("cpu")
QUANTIZED = [precision for precision in KVPrecision if precision.dtype is None]
GROUP = 32


def quantized(keys: Tensor, values: Tensor, precision: KVPrecision) -> QuantizedKV:
    """Quantise keys and values of all layers, each (layers, kv_heads, tokens, head_dim)."""
    kv = store_kv(list(zip(keys, values, strict=True)), precision, CPU)
    assert isinstance(kv, QuantizedKV)
    return kv


def read_all(kv: QuantizedKV, like: Tensor, dtype: torch.dtype = torch.float32) -> tuple[Tensor, Tensor]:
    keys, values = (torch.full(like.shape, torch.nan, dtype=dtype, device=like.device) for _ in range(2))
    for layer in range(like.shape[0]):
        kv.read(layer, keys[layer], values[layer])
    return keys, values


def groups(size: int) -> Iterator[slice]:
    """Slices of 32, the last shorter."""
    return (slice(first, min(first + GROUP, size)) for first in range(0, size, GROUP))


def scale_bound(group: Tensor, bits: int) -> float:
    """The largest scale that a group may have, as the docstring of Quantized says."""
    low, high = group.double().min().item(), group.double().max().item()
    width = high - low + 2**-10 * abs(low) + 2**-24
    return width / (2**bits - 1) * (1 + 2**-10) + 2**-24


def assert_within_half_a_scale(exact: Tensor, found: Tensor, bits: int, *, along_tokens: bool) -> None:
    """Group by group, by hand: (layers, kv_heads, tokens, head_dim)."""
    by_group = exact.transpose(2, 3) if along_tokens else exact
    found = found.transpose(2, 3) if along_tokens else found
    rows, size = by_group.reshape(-1, by_group.shape[-1]), by_group.shape[-1]
    for row, back in zip(rows, found.reshape(-1, size), strict=True):
        for span in groups(size):
            rounding = 2**-21 * (row[span].abs().max().item() + 1e-30)  # of fp32, in a few operations
            error = (row[span].double() - back[span].double()).abs().max().item()
            assert error <= scale_bound(row[span], bits) / 2 + rounding


@st.composite
def kv_numbers(draw: st.DrawFn) -> tuple[Tensor, Tensor]:
    """Keys and values (layers, kv_heads, tokens, head_dim): wide, tiny, far from 0, constant, with outliers."""
    tokens = draw(st.one_of(st.sampled_from([1, 2, 3, 31, 32, 33, 64, 65]), st.integers(1, 70)))
    head_dim = draw(st.one_of(st.sampled_from([8, 20, 64, 80, 96, 128]), st.integers(1, 70)))
    size = (draw(st.integers(1, 2)), draw(st.integers(1, 2)), tokens, head_dim)
    generator = torch.Generator().manual_seed(draw(st.integers(0, 2**31)))

    def numbers() -> Tensor:
        scale = draw(st.sampled_from([0.0, 1e-8, 1e-5, 1e-2, 1.0, 30.0, 1e4]))
        offset = draw(st.sampled_from([0.0, 1e-6, 0.1, -3.3, 100.7, -65503.9, 6e4]))
        made = torch.randn(size, generator=generator) * scale + offset
        if draw(st.booleans()):
            made[..., 0] *= 50  # a channel
        if draw(st.booleans()):
            made[:, :, -1] *= 50  # a token
        return made.clamp(-65504, 65504)

    return numbers(), numbers()


@given(kv_numbers(), st.sampled_from(QUANTIZED))
@settings(max_examples=60, deadline=None)
def test_every_number_is_read_back_to_within_half_a_scale(numbers: tuple[Tensor, Tensor], to: KVPrecision) -> None:
    keys, values = numbers
    found_keys, found_values = read_all(quantized(keys, values, to), keys)
    assert_within_half_a_scale(keys, found_keys, to.bits, along_tokens=True)
    assert_within_half_a_scale(values, found_values, to.bits, along_tokens=False)


@given(kv_numbers(), st.sampled_from(QUANTIZED))
@settings(max_examples=40, deadline=None)
def test_the_size_is_packed_data_and_fp16_scales_and_zero_points_to_the_byte(
    numbers: tuple[Tensor, Tensor], to: KVPrecision
) -> None:
    layers, kv_heads, tokens, head_dim = numbers[0].shape
    kv = quantized(*numbers, to)
    data = 2 * head_dim * math.ceil(tokens * to.bits / 8)
    scales = 4 * (head_dim * math.ceil(tokens / GROUP) + tokens * math.ceil(head_dim / GROUP))
    assert kv.tokens == tokens
    assert kv.precision is to
    assert kv.nbytes == layers * kv_heads * (data + scales)
    assert sum(tensor.untyped_storage().nbytes() for tensor in kv.tensors().values()) == kv.nbytes


@pytest.mark.parametrize("precision", QUANTIZED)
def test_whole_groups_take_a_fraction_of_bf16_and_one_bit_for_scale_and_zero_point(precision: KVPrecision) -> None:
    numbers = torch.randn(2, 3, 96, 64)
    dense = store_kv(list(zip(numbers, numbers, strict=True)), KVPrecision.BF16, CPU)
    kv = quantized(numbers, numbers, precision)
    assert kv.nbytes * 16 == dense.nbytes * (precision.bits + 1)
    assert kv.nbytes == numbers.numel() * 2 * precision.bytes_per_number(64)


@pytest.mark.parametrize(("tokens", "head_dim"), [(1, 8), (5, 3), (33, 40), (70, 64)])
@pytest.mark.parametrize("precision", QUANTIZED)
def test_the_bytes_mean_what_the_docstring_says(precision: KVPrecision, tokens: int, head_dim: int) -> None:
    """Decoded one number at a time: files that are on disk today must mean the same tomorrow."""
    keys, values = torch.randn(2, 2, 2, tokens, head_dim, generator=torch.Generator().manual_seed(tokens)) * 3
    kv = quantized(keys, values, precision)
    parts = {name: tensor.tolist() for name, tensor in kv.tensors().items()}  # looking into a tensor is slow
    bits = precision.bits
    span = math.ceil(tokens * bits / 8)
    found = dict(zip(("key", "value"), (one.tolist() for one in read_all(kv, keys)), strict=True))
    for layer, head, token, channel in product(range(2), range(2), range(tokens), range(head_dim)):
        for kind in ("key", "value"):
            byte = int(parts[f"{kind}_codes"][layer][head][token % span][channel])
            code = byte >> token // span * bits & (2**bits - 1)
            row, column = (token // GROUP, channel) if kind == "key" else (token, channel // GROUP)
            scale, zero_point = (grid[head][row][column] for grid in parts[f"{kind}_grid"][layer])
            expected = zero_point + code * scale
            assert math.isclose(found[kind][layer][head][token][channel], expected, rel_tol=1e-5, abs_tol=1e-5)


@pytest.mark.parametrize("precision", QUANTIZED)
def test_an_outlier_costs_its_own_channel_of_keys_and_its_own_token_of_values(precision: KVPrecision) -> None:
    keys, values = torch.randn(2, 1, 1, 64, 64, generator=torch.Generator().manual_seed(1))
    before = read_all(quantized(keys, values, precision), keys)
    keys[..., 7] *= 1000
    values[:, :, 11] *= 1000
    after = read_all(quantized(keys, values, precision), keys)
    others = torch.arange(64) != 7
    assert torch.equal(after[0][..., others], before[0][..., others])
    others = torch.arange(64) != 11
    assert torch.equal(after[1][:, :, others], before[1][:, :, others])


@pytest.mark.parametrize("constant", [0.0, 1.5, -0.25, 65504.0, -65504.0, 2.0**-24])
@pytest.mark.parametrize("precision", QUANTIZED)
def test_constants_that_fp16_holds_are_exact(precision: KVPrecision, constant: float) -> None:
    numbers = torch.full((1, 2, 35, 40), constant)
    for found in read_all(quantized(numbers, numbers, precision), numbers):
        assert torch.equal(found, numbers)


@pytest.mark.parametrize("precision", QUANTIZED)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_reading_fills_views_and_nothing_beside_them(
    dtype: torch.dtype, precision: KVPrecision, device: torch.device
) -> None:
    """A chunk in a scoring batch lies between a padding, a prefix and a question; the KV may be on the
    host and the batch on a GPU. A narrow buffer gets the fp32 numbers, rounded once."""
    numbers = torch.randn(2, 2, 1, 45, 80, generator=torch.Generator().manual_seed(2))
    keys, values = numbers
    kv = quantized(keys, values, precision)
    wide = read_all(kv, keys)
    room = torch.full((2, 3, 1, 60, 80), torch.nan, dtype=dtype, device=device)
    for layer in range(2):
        kv.read(layer, room[0, 1, :, 7:52], room[1, 1, :, 7:52])
        for buffer, whole in zip(room, wide, strict=True):
            torch.testing.assert_close(buffer[1, :, 7:52].cpu(), whole[layer].to(dtype), rtol=1e-6, atol=1e-6)
            outside = buffer.clone()
            outside[1, :, 7:52] = torch.nan
            assert outside.isnan().all()


@pytest.mark.parametrize("precision", QUANTIZED)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize(("tokens", "head_dim"), [(96, 64), (45, 80), (7, 20)])
def test_reading_in_one_operation_is_the_same_but_for_the_rounding_of_fp32(
    tokens: int, head_dim: int, dtype: torch.dtype, precision: KVPrecision
) -> None:
    """What a GPU does, on a CPU."""
    numbers = torch.randn(2, 2, 3, tokens, head_dim, generator=torch.Generator().manual_seed(4))
    kv = quantized(*numbers, precision)
    room = torch.full((3, tokens + 4, head_dim), torch.nan, dtype=dtype)
    expected = torch.empty(3, tokens, head_dim)
    for part in (kv.keys, kv.values):
        part.read(1, expected)
        part.read_fused(1, room[:, 2:-2])
        rounding = 2.0**-8 if dtype is torch.bfloat16 else 1e-5
        torch.testing.assert_close(room[:, 2:-2].float(), expected, rtol=rounding, atol=1e-5)
        assert room[:, :2].isnan().all()
        assert room[:, -2:].isnan().all()


@pytest.mark.parametrize("at_once", [1, 2 * 45 * 80, 10**9])
def test_layers_are_quantised_alike_however_many_go_together(at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    keys, values = torch.randn(2, 3, 1, 45, 80, generator=torch.Generator().manual_seed(3))
    alone = [quantized(keys[[layer]], values[[layer]], KVPrecision.INT4).tensors() for layer in range(3)]
    monkeypatch.setitem(quantization.NUMBERS_AT_ONCE, "cpu", at_once)
    together = quantized(keys, values, KVPrecision.INT4).tensors()
    for name, tensor in together.items():
        assert torch.equal(tensor, torch.cat([one[name] for one in alone]))


@pytest.mark.parametrize("bad", [torch.nan, torch.inf, -torch.inf, 70000.0, -65505.0])
@pytest.mark.parametrize("kind", [0, 1])
def test_numbers_that_have_no_scale_are_refused(kind: int, bad: float) -> None:
    numbers = torch.zeros(2, 1, 1, 40, 8)
    numbers[kind, 0, 0, 36, 5] = bad
    with pytest.raises(ValueError, match="keep it in bf16 or fp32"):
        quantized(*numbers, KVPrecision.INT8)


def test_no_tokens_are_refused() -> None:
    with pytest.raises(ValueError, match="no tokens"):
        quantized(*torch.zeros(2, 1, 1, 0, 8), KVPrecision.INT8)


@pytest.mark.parametrize("tokens", [1, 32, 37])
@pytest.mark.parametrize("precision", QUANTIZED)
def test_what_is_restored_from_its_tensors_is_the_same(precision: KVPrecision, tokens: int) -> None:
    numbers = torch.randn(2, 2, 3, tokens, 20, generator=torch.Generator().manual_seed(tokens))
    kv = quantized(*numbers, precision)
    again = restore(precision, kv.tensors())
    assert isinstance(again, QuantizedKV)
    assert (again.tokens, again.nbytes, again.precision) == (tokens, kv.nbytes, precision)
    assert all(again.tensors()[name] is tensor for name, tensor in kv.tensors().items())
    for one, other in zip(read_all(kv, numbers[0]), read_all(again, numbers[0]), strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize("name", ["key_codes", "key_grid", "value_codes", "value_grid"])
def test_tensors_that_do_not_belong_together_are_refused(name: str) -> None:
    tensors = quantized(*torch.randn(2, 2, 3, 40, 8), KVPrecision.INT4).tensors()
    good = tensors[name]
    wrong = [good.float(), good[..., :-1], good[:, :, :1], good[0], torch.cat([good, good], dim=3)]
    for changed in ({**tensors, name: bad} for bad in wrong):
        with pytest.raises(ValueError, match="int4"):
            restore(KVPrecision.INT4, changed)
    with pytest.raises(ValueError, match="int4"):
        restore(KVPrecision.INT4, {key: tensor for key, tensor in tensors.items() if key != name})
    with pytest.raises(ValueError, match="int4"):
        restore(KVPrecision.INT4, {**tensors, "more": good})
    with pytest.raises(ValueError, match="int2"):
        restore(KVPrecision.INT2, tensors)


@pytest.mark.parametrize("family", ["smollm 9/3 tied", "qwen2 7/1", "qwen3 wide heads 3/1", "olmo2 6/3"])
def test_more_bits_score_better_and_8_bits_score_as_fp32_does(family: str) -> None:
    """Nats per token. Random wide weights are a hard case: nothing in them was trained to bear noise."""
    one = pair(family)
    prefix = read_prefix(one)
    chunks = chunks_of(23, 41, 30, 70, 1, 64, 100, 33)

    def scores(precision: KVPrecision) -> Tensor:
        stored = read(one, prefix, chunks, precision)
        found = sorted(score(one.loaded, prefix, stored, QUESTION, batch=4), key=lambda s: s.index)
        return torch.tensor([s.token_nll for s in found])

    exact = scores(KVPrecision.FP32)
    off = {precision: (scores(precision) - exact) for precision in QUANTIZED}
    assert off[KVPrecision.INT8].mean(dim=1).abs().max() < 0.02
    assert off[KVPrecision.INT8].abs().max() < 0.12
    errors = [off[precision].abs().mean().item() for precision in QUANTIZED]
    assert 0 < errors[0] < errors[1] / 4
    assert errors[1] < errors[2] / 2


@pytest.mark.parametrize("precision", QUANTIZED)
@pytest.mark.parametrize("composition", Composition)
def test_every_composition_answers_twice_from_quantised_kv_that_stays_as_it_is(
    composition: Composition, precision: KVPrecision
) -> None:
    config = EngineConfig(
        chunk_tokens=48,
        eviction=Eviction(kept_tokens=75, capacity=25, observation_window=4, pooling_kernel=3),
        composition=composition,
        precision=precision,
    )
    engine = Engine(pair().loaded, PREFIX, config)
    memory = dataclasses.replace(engine.plan(150, free=10**9), prefill_batch=2, score_batch=3)
    stored = list(engine.prefill(chunks_of(48, 37, 48, 17), memory))
    assert all(isinstance(one.kv, QuantizedKV) and one.kv.precision is precision for one in stored)
    before = [{name: tensor.clone() for name, tensor in one.kv.tensors().items()} for one in stored]
    answers = []
    for _ in range(2):
        kept = engine.select(stored, engine.score(stored, QUESTION, memory))
        selection = engine.compress(stored, kept, QUESTION, 5)
        answers.append(list(engine.generate(selection, Sampling(max_new_tokens=5), frozenset())))
    assert len(answers[0]) == 5
    assert answers[0] == answers[1]
    for one, old in zip(stored, before, strict=True):
        assert all(torch.equal(tensor, old[name]) for name, tensor in one.kv.tensors().items())
