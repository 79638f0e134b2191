"""Stored KV: number formats, sizes, and how little a narrow format costs."""

from __future__ import annotations

import pytest
import torch

from parallelcomp import Composition, DenseKV, Engine, EngineConfig, Eviction, KVPrecision, plan, restore
from parallelcomp.context.composition import compose
from parallelcomp.scoring import ChunkScore, score

from ..reference import plain_forward, question_nll
from ..tiny import PREFIX, QUESTION, chunks_of, pair, read, read_prefix

LENGTHS = (23, 41, 30)
# Largest difference of a log-probability from fp32 that a stored format may cause in these tiny models, whose
# attention is more peaked than a trained one's. bf16 has 8 bits of mantissa, fp16 has 11.
FLOATING = [precision for precision in KVPrecision if precision.dtype is not None]
BOUND = {KVPrecision.FP16: 0.02, KVPrecision.BF16: 0.15}


@pytest.mark.parametrize("precision", FLOATING)
def test_stored_kv_is_the_fp32_kv_rounded(precision: KVPrecision) -> None:
    one = pair()
    prefix = read_prefix(one)
    chunks = chunks_of(*LENGTHS)
    exact, stored = read(one, prefix, chunks), read(one, prefix, chunks, precision)
    assert precision.dtype is not None
    for wide, narrow in zip(exact, stored, strict=True):
        assert isinstance(wide.kv, DenseKV)
        assert isinstance(narrow.kv, DenseKV)
        assert narrow.kv.tensor.dtype == precision.dtype
        assert torch.equal(narrow.kv.tensor, wide.kv.tensor.to(precision.dtype))


@pytest.mark.parametrize("precision", FLOATING)
@pytest.mark.parametrize("family", ["smollm 9/3 tied", "qwen3 wide heads 3/1"])
def test_nbytes_is_keys_and_values_of_every_layer_and_kv_head(family: str, precision: KVPrecision) -> None:
    """And all the memory that the stored tensor holds on to: no view keeps a whole batch alive."""
    one = pair(family)
    stored = read(one, read_prefix(one), chunks_of(*LENGTHS), precision)
    number = 4 if precision is KVPrecision.FP32 else 2
    for chunk in stored:
        assert isinstance(chunk.kv, DenseKV)
        tokens = len(chunk.chunk)
        assert chunk.kv.tokens == tokens
        assert chunk.kv.tensor.shape == (3, 2, one.spec.kv_heads, tokens, one.spec.head_dim)
        assert chunk.kv.nbytes == 3 * 2 * one.spec.kv_heads * tokens * one.spec.head_dim * number
        assert chunk.kv.tensor.untyped_storage().nbytes() == chunk.kv.nbytes


@pytest.mark.parametrize("precision", BOUND)
@pytest.mark.parametrize("composition", [Composition.ASSEMBLED, Composition.MIXTURE])
@pytest.mark.parametrize("family", ["smollm 9/3 tied", "qwen2 7/1", "olmo2 6/3"])
def test_narrow_storage_stays_within_its_bound(
    family: str, composition: Composition, precision: KVPrecision
) -> None:
    one = pair(family)
    prefix = read_prefix(one)
    config = EngineConfig(composition=composition)
    results = []
    for stored_in in (KVPrecision.FP32, precision):
        stored = read(one, prefix, chunks_of(*LENGTHS), stored_in)
        kept = [(chunk, ChunkScore(i, 1.0, (1.0,))) for i, chunk in enumerate(stored)]
        state = compose(one.loaded, prefix, kept, config, room=20)
        results.append(torch.stack([state.step(QUESTION.all_ids), state.step([3]), state.step([9])]))
    gap = (results[0] - results[1]).abs().max()
    assert 0 < gap < BOUND[precision]


@pytest.mark.parametrize("precision", BOUND)
def test_scores_from_narrow_storage_stay_within_the_bound_and_in_order(precision: KVPrecision) -> None:
    one = pair()
    prefix = read_prefix(one)
    exact, narrow = (
        {
            s.index: s.nll
            for s in score(one.loaded, prefix, read(one, prefix, chunks_of(*LENGTHS), stored_in), QUESTION, batch=3)
        }
        for stored_in in (KVPrecision.FP32, precision)
    )
    assert max(abs(exact[i] - narrow[i]) for i in exact) < BOUND[precision]
    assert sorted(exact, key=lambda i: exact[i]) == sorted(narrow, key=lambda i: narrow[i])


@pytest.mark.parametrize("composition", Composition)
def test_a_model_in_bf16_runs_every_composition_on_the_cpu(composition: Composition) -> None:
    """Against the same weights in fp32, within a few times what rounding to 8 bits of mantissa costs."""
    narrow = pair("llama 4/4", dtype=torch.bfloat16)
    wide = narrow.plain.float()
    config = EngineConfig(
        chunk_tokens=64, eviction=Eviction(kept_tokens=999), composition=composition, precision=KVPrecision.BF16
    )
    engine = Engine(narrow.loaded, PREFIX, config)
    (chunk,) = chunks_of(50)
    memory = plan(narrow.spec, 50, config, free=10**9)
    stored = list(engine.prefill([chunk], memory))
    (one_score,) = engine.score(stored, QUESTION, memory)
    expected = question_nll(wide, (*PREFIX, *chunk.token_ids, *QUESTION.preamble), QUESTION.ids)
    assert one_score.nll == pytest.approx(sum(expected) / len(expected), abs=0.1)
    state = engine.compress(stored, [one_score], QUESTION, 8).state
    log_probs = state.step(QUESTION.all_ids)
    slow = plain_forward(wide, [*PREFIX, *chunk.token_ids, *QUESTION.all_ids]).log_probs[-1]
    assert log_probs.dtype == torch.float32
    assert (log_probs - slow).abs().mean() < 0.05


def test_read_converts_to_the_readers_format() -> None:
    kv = DenseKV(torch.randn(2, 2, 3, 5, 4).to(torch.bfloat16))
    keys, values = torch.empty(3, 5, 4), torch.empty(3, 5, 4)
    kv.read(1, keys, values)
    assert torch.equal(keys, kv.tensor[1, 0].float())
    assert torch.equal(values, kv.tensor[1, 1].float())


@pytest.mark.parametrize("precision", FLOATING)
def test_dense_kv_is_restored_from_its_tensors_without_a_copy(precision: KVPrecision) -> None:
    kv = DenseKV(torch.randn(2, 2, 3, 5, 4).to(precision.dtype))
    assert kv.precision is precision
    again = restore(precision, kv.tensors())
    assert isinstance(again, DenseKV)
    assert again.tensor is kv.tensor


@pytest.mark.parametrize(
    ("tensors", "reason"),
    [
        ({}, "one tensor named kv"),
        ({"keys": torch.zeros(1, 2, 1, 1, 1)}, "keys"),
        ({"kv": torch.zeros(1, 2, 1, 1, 1), "more": torch.zeros(1)}, "more"),
        ({"kv": torch.zeros(1, 2, 1, 1, 1).bfloat16()}, "bfloat16"),
        ({"kv": torch.zeros(1, 3, 1, 1, 1)}, r"\(1, 3, 1, 1, 1\)"),
        ({"kv": torch.zeros(2, 1, 1, 1)}, r"\(2, 1, 1, 1\)"),
    ],
)
def test_dense_kv_is_not_restored_from_other_tensors(tensors: dict[str, torch.Tensor], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        restore(KVPrecision.FP32, tensors)
