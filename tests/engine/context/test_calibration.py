"""Attention calibration: the rule by hand, and what a real pass leaves behind."""

from __future__ import annotations

import pytest
import torch

from parallelcomp import Calibration, EngineConfig, Eviction, LayerRange, Region
from parallelcomp.context.calibration import in_regions, surviving
from parallelcomp.context.composition import compose
from parallelcomp.decoding.next_token import AnswerState
from parallelcomp.kv.context import Slots
from parallelcomp.scoring import ChunkScore

from ..reference import assembled_forward, by_kv_head
from ..tiny import PREFIX, QUESTION, Pair, chunks_of, dense, pair, read, read_prefix
from .test_assembly import assert_slots_match

LENGTHS = (23, 41, 9)


def slots_of(*lengths: int, heads: int = 1) -> Slots:
    local = torch.cat([torch.arange(n) for n in lengths]).expand(heads, -1)
    total = torch.cat([torch.full((n,), n) for n in lengths]).expand(heads, -1)
    return Slots(torch.arange(sum(lengths)).expand(heads, -1), local, total)


@pytest.mark.parametrize(
    ("regions", "expected"),
    [
        # Chunks of 7 and 3 tokens, edges of 2: the short one has no middle, its token 1 lies in both edges.
        (Region.SINK, [0, 1, 7, 8]),
        (Region.MIDDLE, [2, 3, 4]),
        (Region.RECENCY, [5, 6, 8, 9]),
        (Region.SINK | Region.RECENCY, [0, 1, 5, 6, 7, 8, 9]),
        (Region.SINK | Region.MIDDLE, [0, 1, 2, 3, 4, 7, 8]),
        (Region.SINK | Region.MIDDLE | Region.RECENCY, list(range(10))),
        (Region(0), []),
    ],
)
def test_regions_by_hand(regions: Region, expected: list[int]) -> None:
    inside = in_regions(slots_of(7, 3, heads=2), regions, edge_tokens=2)
    assert inside.shape == (2, 10)
    assert [row.nonzero()[:, 0].tolist() for row in inside] == [expected, expected]


def test_regions_count_from_the_ends_of_the_whole_chunk_after_eviction() -> None:
    """A head that kept tokens 0, 4 and 9 of a chunk of 10 still has them at the start, the middle and the end."""
    kept = slots_of(10).pick(torch.tensor([[0, 4, 9]]))
    for region, expected in ((Region.SINK, 0), (Region.MIDDLE, 1), (Region.RECENCY, 2)):
        assert in_regions(kept, region, edge_tokens=2)[0].nonzero()[:, 0].tolist() == [expected]


def test_surviving_by_hand() -> None:
    """Head 0 has two biased slots (1 and 4; 2 is not eligible), head 1 one (5): it also drops its least, 3."""
    attention_weights = torch.tensor(
        [
            [[0.05, 0.40, 0.30, 0.02, 0.00, 0.06], [0.05, 0.01, 0.30, 0.02, 0.50, 0.06]],
            [[0.08, 0.09, 0.09, 0.01, 0.10, 0.04], [0.07, 0.05, 0.06, 0.02, 0.09, 0.60]],
        ]
    )
    eligible = torch.tensor([[True, True, False, True, True, True], [True] * 6])
    kept = surviving(attention_weights, eligible, threshold=0.1)
    assert kept is not None
    assert kept.tolist() == [[0, 2, 3, 5], [0, 1, 2, 4]]


def test_attention_of_exactly_the_threshold_survives() -> None:
    attention_weights = torch.tensor([[[0.5, 0.25, 0.25]]])
    assert surviving(attention_weights, torch.ones(1, 3, dtype=torch.bool), threshold=0.5) is None
    kept = surviving(attention_weights, torch.ones(1, 3, dtype=torch.bool), threshold=0.25)
    assert kept is not None
    assert kept.tolist() == [[1, 2]]


def test_a_biased_slot_goes_before_one_without_attention() -> None:
    kept = surviving(torch.tensor([[[0.9, 0.0, 0.1]]]), torch.ones(1, 3, dtype=torch.bool), threshold=0.5)
    assert kept is not None
    assert kept.tolist() == [[1, 2]]


def test_nothing_eligible_evicts_nothing() -> None:
    assert surviving(torch.full((2, 3, 4), 0.9), torch.zeros(2, 4, dtype=torch.bool), 0.1) is None


def test_all_eligible_and_attended_evicts_all() -> None:
    kept = surviving(torch.full((2, 3, 4), 0.9), torch.ones(2, 4, dtype=torch.bool), 0.1)
    assert kept is not None
    assert kept.shape == (2, 0)


def test_among_equally_attended_slots_the_later_goes() -> None:
    attention_weights = torch.tensor([[[0.3, 0.1, 0.1, 0.1]], [[0.1, 0.1, 0.1, 0.1]]])
    kept = surviving(attention_weights, torch.ones(2, 4, dtype=torch.bool), threshold=0.2)
    assert kept is not None
    assert kept.tolist() == [[1, 2, 3], [0, 1, 2]]


@pytest.mark.parametrize(
    ("start", "stop", "layers", "expected"),
    [(0.25, 0.5, 32, range(8, 16)), (0.75, 1.0, 32, range(24, 32)), (0.0, 0.25, 32, range(8)), (0, 1, 3, range(3))],
)
def test_layer_ranges_are_fractions_of_depth(start: float, stop: float, layers: int, expected: range) -> None:
    """The paper's layers 9-16, 25-32 and 1-8 of 32, counted from one there."""
    assert LayerRange(start, stop).indices(layers) == expected


def answering(one: Pair, calibration: Calibration | None) -> AnswerState:
    prefix = read_prefix(one)
    stored = read(one, prefix, chunks_of(*LENGTHS))
    config = EngineConfig(eviction=Eviction(kept_tokens=9999), calibration=calibration)
    kept = [(chunk, ChunkScore(chunk.chunk.index, 1.0, (1.0,))) for chunk in stored]
    return compose(one.loaded, prefix, kept, config, room=30)


@pytest.mark.parametrize("family", ["smollm 9/3 tied", "qwen2 7/1", "qwen3 15/5", "granite 10/2"])
@pytest.mark.parametrize("queries", [1, 4])
def test_a_real_pass_evicts_by_the_attention_of_the_last_question_tokens(
    family: str, queries: int, device: torch.device
) -> None:
    """In the first calibrated layer, whose input no calibration has touched, against eager attention."""
    one = pair(family, device)
    regions, threshold, edge = Region.SINK | Region.RECENCY, 0.04, 6
    calibration = Calibration(regions, LayerRange(0.34, 0.67), threshold, edge, queries)
    assert calibration.layers.indices(3) == range(1, 2)
    state = answering(one, calibration)
    state.step(QUESTION.all_ids)

    chunks = chunks_of(*LENGTHS)
    slow = assembled_forward(one.plain, PREFIX, [c.token_ids for c in chunks], QUESTION.all_ids)
    attention_weights = slow.attentions[1, :, -queries:, len(PREFIX) : len(PREFIX) + sum(LENGTHS)].amax(dim=1)
    eligible = [local < edge or local >= n - edge for n in LENGTHS for local in range(n)]
    group, heads = one.spec.group, one.spec.kv_heads
    biased = [
        {
            token
            for token in range(sum(LENGTHS))
            if eligible[token] and any(attention_weights[h * group + g, token] > threshold for g in range(group))
        }
        for h in range(heads)
    ]
    dropped = max(map(len, biased))
    assert dropped > 0
    paid = by_kv_head(attention_weights, heads).tolist()
    expected = []
    for head in range(heads):
        others = [t for t in range(sum(LENGTHS)) if t not in biased[head]]
        least = sorted(others, key=lambda t, row=paid[head]: (row[t], -t))[: dropped - len(biased[head])]  # type: ignore[misc]
        expected.append(sorted(set(others) - set(least)))
    assert state.context.slots[1][0].tokens.tolist() == expected


@pytest.mark.parametrize("family", ["smollm 9/3 tied", "qwen2 7/1", "olmo2 6/3"])
def test_decoding_goes_on_with_what_is_left(family: str, device: torch.device) -> None:
    """The calibrated layers shrink, the others do not; then question and answer equal a pass that hides exactly
    what the slots say is gone."""
    one = pair(family, device)
    calibration = Calibration(Region.SINK | Region.MIDDLE, LayerRange(0.3, 1.0), edge_tokens=5, threshold=0.05)
    state = answering(one, calibration)
    asked = list(QUESTION.all_ids)
    log_probs = state.step(asked)

    context = state.context
    lengths = [slots.tokens.shape[1] for (slots,) in context.slots]
    assert lengths[0] == sum(LENGTHS)
    assert lengths[1] < sum(LENGTHS)
    assert lengths[2] < sum(LENGTHS)
    for layer, length in zip(context.cache.layers, lengths, strict=True):
        assert layer.length == len(PREFIX) + length + len(asked)
    chunks = chunks_of(*LENGTHS)
    stored = read(one, read_prefix(one), chunks)
    assert_slots_match(context, [(c.chunk.start, dense(c)) for c in stored])

    visible = [slots.tokens.tolist() for (slots,) in context.slots]
    for step in range(4):
        slow = assembled_forward(one.plain, PREFIX, [c.token_ids for c in chunks], asked, visible)
        torch.testing.assert_close(log_probs.cpu(), slow.log_probs[-1], atol=1e-4, rtol=0)
        asked.append(int(log_probs.argmax()))
        log_probs = state.step(asked[-1:])
        assert [slots.tokens.tolist() for (slots,) in context.slots] == visible, f"calibrated again at {step}"


def test_regions_are_respected_where_heads_need_no_evening_out() -> None:
    """With one KV head nothing is dropped for equal length, so every evicted token lies in the region."""
    one = pair("qwen2 7/1")
    for region, inside in (
        (Region.SINK, {(t, n) for n in LENGTHS for t in range(4)}),
        (Region.RECENCY, {(t, n) for n in LENGTHS for t in range(n - 4, n)}),
        (Region.MIDDLE, {(t, n) for n in LENGTHS for t in range(4, n - 4)}),
    ):
        state = answering(one, Calibration(region, LayerRange(0, 1), threshold=0.05, edge_tokens=4))
        state.step(QUESTION.all_ids)
        places = [(local, n) for n in LENGTHS for local in range(n)]
        gone = [set(range(sum(LENGTHS))) - set(slots.tokens[0].tolist()) for (slots,) in state.context.slots]
        assert any(gone)
        assert all(places[token] in inside for layer in gone for token in layer)


def test_a_threshold_that_nothing_exceeds_changes_nothing() -> None:
    one = pair()
    calibration = Calibration(Region.MIDDLE, LayerRange(0, 1), threshold=0.9999)
    with_it, without = answering(one, calibration), answering(one, None)
    assert torch.equal(with_it.step(QUESTION.all_ids), without.step(QUESTION.all_ids))


@pytest.mark.parametrize("bad", [(0.5, 0.5), (0.6, 0.4), (-0.1, 0.5), (0.5, 1.1)])
def test_impossible_layer_ranges_are_refused(bad: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="layer range"):
        LayerRange(*bad)
