"""The coarse scan, against the queries and keys of plain forward passes."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from transformers import AttentionInterface

from parallelcomp import (
    Cancelled,
    ChunkKV,
    Engine,
    EngineConfig,
    HeadsError,
    KVPrecision,
    QueryHead,
    Question,
    RetrievalHeads,
    ScanKeys,
)
from parallelcomp.retrieval.scan import KeyHead, head_queries, key_heads, log_mass, scan_keys, standardised

from .tiny import CONFIGS, PREFIX, QUESTION, Pair, chunks_of, pair, read, read_prefix, tokens

LENGTHS = (31, 5, 64, 17, 17)
PLACES = ((0, 0), (1, 2), (2, 1), (1, 0), (1, 1))


def heads_of(one: Pair, *places: tuple[int, int]) -> RetrievalHeads:
    heads = (QueryHead(layer, head % one.spec.query_heads) for layer, head in places or PLACES)
    return RetrievalHeads(one.spec.fingerprint, tuple(dict.fromkeys(heads)))


def plain_states(plain: Any, ids: list[int], positions: list[int]) -> list[tuple[Tensor, Tensor, float]]:
    """Every layer's rotated queries and keys, each (heads, tokens, head_dim), and its scaling."""
    seen: list[tuple[Tensor, Tensor, float]] = []

    def recording(
        module: Any, query: Tensor, key: Tensor, value: Tensor, mask: Any, scaling: float, **_: Any
    ) -> tuple[Tensor, None]:
        seen.append((query[0], key[0], scaling))
        group = query.shape[1] // key.shape[1]
        key, value = (one.repeat_interleave(group, dim=1) for one in (key, value))
        logits = query @ key.transpose(2, 3) * scaling
        future = torch.full(logits.shape[-2:], float("-inf")).triu(1)
        return ((logits + future).softmax(dim=-1) @ value).transpose(1, 2), None

    AttentionInterface.register("recording", recording)
    plain.set_attn_implementation("recording")
    with torch.inference_mode():
        plain.model(
            input_ids=torch.tensor([ids]),
            position_ids=torch.tensor([positions]),
            use_cache=False,
            attention_mask=None,
        )
    return seen


def plain_queries(one: Pair, chunks: list[ChunkKV]) -> list[tuple[Tensor, float]]:
    """Every layer's queries of the question behind the prefix, at the positions behind the longest chunk."""
    asked = [*QUESTION.preamble, *QUESTION.ids]
    first = len(PREFIX) + max(len(chunk.chunk) for chunk in chunks)
    positions = [*range(len(PREFIX)), *range(first, first + len(asked))]
    return [(query, scaling) for query, _, scaling in plain_states(one.plain, [*PREFIX, *asked], positions)]


def plain_keys(one: Pair, chunk: ChunkKV) -> list[Tensor]:
    """Every layer's keys of a chunk, (KV heads, tokens, head_dim)."""
    ids = [*PREFIX, *chunk.chunk.token_ids]
    return [key[:, len(PREFIX) :] for _, key, _ in plain_states(one.plain, ids, list(range(len(ids))))]


def slow_scan(one: Pair, chunks: list[ChunkKV], heads: RetrievalHeads) -> list[float]:
    """The same numbers, one head, token and key at a time from plain forward passes."""
    queries = plain_queries(one, chunks)
    looked: list[list[float]] = []
    for chunk in chunks:
        keys = plain_keys(one, chunk)
        by_head: list[float] = []
        for at in heads.heads:
            query, scaling = queries[at.layer]
            key = keys[at.layer][at.head // one.spec.group]
            masses = [
                math.log(sum(math.exp(scaling * float(row @ other)) for other in key) / len(key))
                for row in query[at.head, len(PREFIX) + len(QUESTION.preamble) :]
            ]
            by_head.append(statistics.mean(masses))
        looked.append(by_head)
    columns = list(zip(*looked, strict=True))
    standard = [
        [(value - statistics.mean(column)) / statistics.pstdev(column) for value in column] for column in columns
    ]
    return [sum(row) for row in zip(*standard, strict=True)]


def laid_out(one: Pair, chunks: list[ChunkKV], heads: RetrievalHeads) -> list[ScanKeys]:
    return [scan_keys(chunk.kv, heads, one.spec).to(one.spec.device) for chunk in chunks]


def engine_of(one: Pair) -> Engine:
    return Engine(one.loaded, PREFIX, EngineConfig(chunk_tokens=64, precision=KVPrecision.FP32))


def scanned(
    one: Pair,
    keys: list[ScanKeys],
    heads: RetrievalHeads,
    question: Question = QUESTION,
    cancelled: Callable[[], bool] | None = None,
) -> list[float]:
    engine = engine_of(one)
    return engine.scan(keys, engine.head_queries(keys, question, heads, cancelled), cancelled)


@pytest.mark.parametrize("family", ["smollm 9/3 tied", "qwen2 7/1", "phi3 6/2", "granite 10/2"])
def test_a_scan_equals_plain_passes(family: str) -> None:
    one = pair(family)
    chunks = read(one, read_prefix(one), chunks_of(*LENGTHS))
    heads = heads_of(one)
    found = scanned(one, laid_out(one, chunks, heads), heads)
    expected = slow_scan(one, chunks, heads)
    assert max(map(abs, expected)) > 0.5  # the chunks differ
    assert found == pytest.approx(expected, abs=0.1)  # of sums of five standard deviations, by keys in 8 bits
    assert sorted(range(5), key=found.__getitem__) == sorted(range(5), key=expected.__getitem__)


@pytest.mark.parametrize("family", ["smollm 9/3 tied", "granite 10/2"])
def test_attention_equals_that_of_plain_passes(family: str) -> None:
    """Over all chunks together, a head and a question token at a time."""
    one = pair(family)
    chunks = read(one, read_prefix(one), chunks_of(*LENGTHS))
    heads = heads_of(one)
    keys, engine = laid_out(one, chunks, heads), engine_of(one)
    found = engine.head_attention(keys, engine.head_queries(keys, QUESTION, heads))
    assert [len(row) for row in found] == list(LENGTHS)
    queries = plain_queries(one, chunks)
    states = [plain_keys(one, chunk) for chunk in chunks]
    expected = torch.zeros(sum(LENGTHS))
    for at in heads.heads:
        query, scaling = queries[at.layer]
        every = torch.cat([state[at.layer][at.head // one.spec.group] for state in states])
        for row in query[at.head, len(PREFIX) + len(QUESTION.preamble) :]:
            expected += (scaling * (every @ row)).softmax(dim=0) / len(QUESTION.ids) / len(heads.heads)
    torch.testing.assert_close(torch.cat(found), expected, atol=2e-3, rtol=0.05)
    assert float(torch.cat(found).sum()) == pytest.approx(1.0, abs=1e-4)


@pytest.mark.parametrize("family", CONFIGS)
def test_keys_in_8_bits_are_the_stored_ones_to_half_a_step(family: str, device: torch.device) -> None:
    one = pair(family, device)
    (chunk,) = read(one, read_prefix(one), chunks_of(40))
    heads = heads_of(one)
    (keys,) = laid_out(one, [chunk], heads)
    exact, values = torch.empty(2, one.spec.kv_heads, 40, one.spec.head_dim, device=device).unbind()
    for slot, at in enumerate(key_heads(heads.heads, one.spec.group)):
        chunk.kv.read(at.layer, exact, values)
        restored = keys.codes[slot] * keys.scales[slot][:, None]
        assert bool(((restored - exact[at.kv_head]).abs() <= keys.scales[slot][:, None] * 0.501).all())


def test_keys_of_several_heads_are_kept_once() -> None:
    heads = [QueryHead(2, 0), QueryHead(0, 5), QueryHead(0, 3), QueryHead(0, 0)]
    assert key_heads(heads, 3) == (KeyHead(0, 0), KeyHead(0, 1), KeyHead(2, 0))


def test_keys_made_from_quantised_kv_are_those_of_what_is_stored() -> None:
    """A library that was read before: its keys are what its own KV says."""
    one = pair()
    prefix = read_prefix(one)
    heads = heads_of(one)
    (exact,) = read(one, prefix, chunks_of(40))
    (stored,) = read(one, prefix, chunks_of(40), KVPrecision.INT8)
    first, again = (scan_keys(chunk.kv, heads, one.spec) for chunk in (stored, stored))
    assert torch.equal(first.codes, again.codes)
    assert torch.equal(first.scales, again.scales)
    queries = head_queries(one.loaded, prefix, QUESTION, heads.heads, 40)
    mass = [
        log_mass(queries[heads.heads[0]][None], scan_keys(chunk.kv, heads, one.spec), 0, torch.float32)
        for chunk in (exact, stored)
    ]
    torch.testing.assert_close(mass[0], mass[1], atol=0.1, rtol=0)


def test_layers_above_the_last_head_are_not_run() -> None:
    one = pair()
    run: list[int] = []
    for index, layer in enumerate(one.loaded.model.model.layers):
        layer.register_forward_pre_hook(lambda *_, index=index: run.append(index))
    found = head_queries(one.loaded, read_prefix(one), QUESTION, [QueryHead(1, 4), QueryHead(0, 2)], 20)
    assert run[-2:] == [0, 1]
    assert {at: rows.shape for at, rows in found.items()} == {
        QueryHead(1, 4): (7, 8),
        QueryHead(0, 2): (7, 8),
    }


def test_the_order_of_chunks_changes_nothing(device: torch.device) -> None:
    one = pair(device=device)
    heads = heads_of(one)
    keys = laid_out(one, read(one, read_prefix(one), chunks_of(*LENGTHS)), heads)
    found = scanned(one, keys, heads)
    assert scanned(one, keys[::-1], heads)[::-1] == pytest.approx(found, abs=1e-4)


def test_one_chunk_and_equal_chunks_are_all_alike() -> None:
    one = pair()
    heads = heads_of(one)
    keys = laid_out(one, read(one, read_prefix(one), chunks_of(30)), heads)
    assert scanned(one, keys, heads) == [0.0]
    assert scanned(one, keys * 3, heads) == pytest.approx([0.0] * 3, abs=1e-3)
    assert standardised(torch.tensor([[1.0, 2.0], [1.0, 4.0]])).tolist() == [[0.0, -1.0], [0.0, 1.0]]


def test_a_zero_key_has_a_code() -> None:
    one = pair()

    class Zeros:
        tokens = 4

        def read(self, layer: int, keys: Tensor, values: Tensor) -> None:
            keys.zero_()

    keys = scan_keys(Zeros(), heads_of(one), one.spec)  # type: ignore[arg-type]
    assert not bool(keys.codes.any())
    assert bool(keys.scales.isfinite().all())


def test_a_scan_stops() -> None:
    one = pair()
    heads = heads_of(one)
    keys = laid_out(one, read(one, read_prefix(one), chunks_of(30, 30)), heads)
    polled: list[int] = []

    def at(count: int) -> Callable[[], bool]:
        polled.clear()
        return lambda: len(polled) >= count or polled.append(0)  # type: ignore[func-returns-value]

    layers = 3
    for count in (0, layers, layers + 1):  # in the pass, at the first chunk, at the second
        with pytest.raises(Cancelled):
            scanned(one, keys, heads, QUESTION, at(count))
    assert len(scanned(one, keys, heads, QUESTION, at(layers + 2))) == 2


def test_heads_of_another_model_are_refused() -> None:
    one, other = pair(), pair(seed=3)
    (chunk,) = read(one, read_prefix(one), chunks_of(30))
    with pytest.raises(HeadsError, match="of another model"):
        engine_of(one).scan_keys(chunk.kv, heads_of(other))
    foreign = RetrievalHeads(one.spec.fingerprint, (QueryHead(3, 0),))
    with pytest.raises(HeadsError, match="no such heads"):
        engine_of(one).head_queries([], QUESTION, foreign)
    with pytest.raises(ValueError, match="at least one head"):
        RetrievalHeads("a", ())
    with pytest.raises(ValueError, match="none of them twice"):
        RetrievalHeads("a", (QueryHead(0, 0), QueryHead(0, 0)))


def test_the_id_is_of_the_model_and_the_heads_in_any_order() -> None:
    first, second = QueryHead(0, 1), QueryHead(1, 0)
    ids = [
        RetrievalHeads("a", (first, second)).id,
        RetrievalHeads("b", (first, second)).id,
        RetrievalHeads("a", (first,)).id,
    ]
    assert len(set(ids)) == 3
    assert RetrievalHeads("a", (second, first)).id == ids[0]


def test_keys_from_a_file_must_fit() -> None:
    codes = torch.zeros(2, 3, 4, dtype=torch.int8)
    for wrong in (
        {"codes": codes},
        {"codes": codes.float(), "scales": torch.ones(2, 3)},
        {"codes": codes, "scales": torch.ones(2, 4)},
    ):
        with pytest.raises(ValueError, match="int8 codes"):
            ScanKeys.restore(wrong)


def test_a_longer_question_is_scanned_too() -> None:
    one = pair()
    heads = heads_of(one)
    keys = laid_out(one, read(one, read_prefix(one), chunks_of(*LENGTHS)), heads)
    longer = type(QUESTION)(QUESTION.preamble, tokens(60, 4))
    assert scanned(one, keys, heads, longer) != pytest.approx(scanned(one, keys, heads))
