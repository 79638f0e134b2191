"""Attribution against eager attention over the same sequence."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch
from torch import Tensor

from parallelcomp import AttributionObserver, ChunkKV, Composition, Context, EngineConfig, Eviction
from parallelcomp.attribution import content_layers, question_weights
from parallelcomp.context.composition import compose
from parallelcomp.scoring import ChunkScore, score

from .reference import assembled_forward, plain_forward
from .tiny import PREFIX, QUESTION, Pair, chunks_of, pair, read, read_prefix

LENGTHS = (23, 41, 30)
START, DOCUMENT = 10, 120
ANSWER = (17, 99, 4)
FAMILIES = ["smollm 9/3 tied", "qwen2 7/1", "qwen3 15/5"]
ASKED = (*QUESTION.all_ids, *ANSWER)


def kept_of(one: Pair, lengths: Sequence[int] = LENGTHS) -> list[tuple[ChunkKV, ChunkScore]]:
    prefix = read_prefix(one)
    stored = read(one, prefix, chunks_of(*lengths, start=START))
    scores = score(one.loaded, prefix, stored, QUESTION, batch=3, observation_window=8)
    return [(stored[s.index], s) for s in sorted(scores, key=lambda s: s.index)]


def attributed(
    one: Pair, kept: list[tuple[ChunkKV, ChunkScore]], config: EngineConfig, layers: Sequence[int]
) -> tuple[Tensor, Tensor, Context]:
    """Attention on each document token from the question's pass and from the answer's, and the context."""
    state = compose(one.loaded, read_prefix(one), kept, config, room=30)
    question, said = (AttributionObserver(state.context, layers) for _ in range(2))
    state.step(QUESTION.all_ids, question)
    for token in ANSWER:
        state.step([token], said)
    return question.by_token(DOCUMENT), said.by_token(DOCUMENT), state.context


def paid(one: Pair, attentions: Tensor, layers: Sequence[int], columns: slice, rows: slice) -> Tensor:
    """Per column: mean over `layers`, sum over KV heads of the mean over their group, mean over `rows`."""
    heads = attentions[list(layers), :, rows, columns].mean(dim=2)  # (layers, query_heads, columns)
    return heads.sum(dim=1).mean(dim=0) / one.spec.group


def expected_from(one: Pair, parts: list[tuple[int, int, Tensor]], layers: Sequence[int]) -> tuple[Tensor, Tensor]:
    """`parts`: (document offset, tokens, attentions over prefix, those tokens and `ASKED`), summed."""
    question, said = torch.zeros(DOCUMENT), torch.zeros(DOCUMENT)
    for start, length, attentions in parts:
        columns = slice(len(PREFIX), len(PREFIX) + length)
        first = attentions.shape[2] - len(ASKED)
        middle = first + len(QUESTION.all_ids)
        question[start : start + length] += paid(one, attentions, layers, columns, slice(first, middle))
        for row in range(middle, middle + len(ANSWER)):
            said[start : start + length] += paid(one, attentions, layers, columns, slice(row, row + 1))
    return question, said


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("layers", [(0, 1, 2), (1,), (2,)])
def test_attribution_of_assembled_chunks(family: str, layers: tuple[int, ...], device: torch.device) -> None:
    one = pair(family, device)
    kept = kept_of(one)
    question, said, _ = attributed(one, kept, EngineConfig(), layers)
    slow = assembled_forward(one.plain, PREFIX, [c.chunk.token_ids for c, _ in kept], ASKED)
    expected = expected_from(one, [(START, sum(LENGTHS), slow.attentions)], layers)
    torch.testing.assert_close(question, expected[0], atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(said, expected[1], atol=1e-5, rtol=1e-4)
    assert question[:START].sum() == question[START + sum(LENGTHS) :].sum() == 0


@pytest.mark.parametrize("family", FAMILIES)
def test_attribution_after_eviction_falls_on_the_tokens_that_stayed(family: str) -> None:
    one = pair(family)
    kept = kept_of(one)
    layers = (0, 1, 2)
    config = EngineConfig(eviction=Eviction(capacity=9))
    question, said, context = attributed(one, kept, config, layers)
    visible = [(slots.tokens - START).tolist() for (slots,) in context.slots]
    slow = assembled_forward(one.plain, PREFIX, [c.chunk.token_ids for c, _ in kept], ASKED, visible)
    expected = expected_from(one, [(START, sum(LENGTHS), slow.attentions)], layers)
    torch.testing.assert_close(question, expected[0], atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(said, expected[1], atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("lengths", [LENGTHS, (30, 30), (1, 60)])
def test_attribution_of_a_mixture(family: str, lengths: tuple[int, ...], device: torch.device) -> None:
    """Chunks of unequal lengths are padded, equal ones are not: each one's attention lands on its own tokens."""
    one = pair(family, device)
    kept = kept_of(one, lengths)
    layers = (1, 2)
    question, said, _ = attributed(one, kept, EngineConfig(composition=Composition.MIXTURE), layers)
    parts = [
        (c.chunk.start, len(c.chunk), plain_forward(one.plain, [*PREFIX, *c.chunk.token_ids, *ASKED]).attentions)
        for c, _ in kept
    ]
    expected = expected_from(one, parts, layers)
    torch.testing.assert_close(question, expected[0], atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(said, expected[1], atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("family", FAMILIES)
def test_attribution_of_chunks_that_are_read_again(family: str, device: torch.device) -> None:
    """The chunk in the middle was evicted: what is read again is not contiguous in the document."""
    one = pair(family, device)
    kept = [kept_of(one)[index] for index in (0, 2)]
    layers = (0, 2)
    question, said, _ = attributed(one, kept, EngineConfig(composition=Composition.REREAD), layers)
    ids = [token for c, _ in kept for token in c.chunk.token_ids]
    attentions = plain_forward(one.plain, [*PREFIX, *ids, *ASKED]).attentions
    together = expected_from(one, [(0, len(ids), attentions)], layers)
    for got, joined in zip((question, said), together, strict=True):
        expected = torch.zeros(DOCUMENT)
        expected[START : START + 23] = joined[:23]
        expected[START + 64 : START + 94] = joined[23:53]
        torch.testing.assert_close(got, expected, atol=1e-5, rtol=1e-4)


def test_attribution_changes_no_answer() -> None:
    one = pair()
    kept = kept_of(one)
    prefix = read_prefix(one)
    for composition in Composition:
        config = EngineConfig(composition=composition)
        unobserved = compose(one.loaded, prefix, kept, config, room=30)
        observed = compose(one.loaded, prefix, kept, config, room=30)
        observer = AttributionObserver(observed.context, range(3))
        assert torch.equal(unobserved.step(QUESTION.all_ids), observed.step(QUESTION.all_ids, observer))


def test_attribution_without_a_pass_is_zero() -> None:
    one = pair()
    state = compose(one.loaded, read_prefix(one), kept_of(one), EngineConfig(), room=30)
    assert torch.equal(AttributionObserver(state.context, range(3)).by_token(DOCUMENT), torch.zeros(DOCUMENT))


@pytest.mark.parametrize(("layers", "expected"), [(1, [0]), (2, [0, 1]), (4, [1, 2, 3]), (30, list(range(10, 24)))])
def test_content_layers_are_in_the_middle(layers: int, expected: list[int]) -> None:
    assert list(content_layers(layers)) == expected


def test_weighted_queries_are_a_weighted_sum_of_single_ones() -> None:
    """What the question attends to, less what its preamble attends to, against one observer for each query."""
    one = pair()
    kept = kept_of(one)
    weights = question_weights(QUESTION)
    assert sum(weights) == pytest.approx(0)
    assert len(weights) == len(QUESTION.asked)
    expected = torch.zeros(DOCUMENT)
    for index, weight in enumerate(weights):
        state = compose(one.loaded, read_prefix(one), kept, EngineConfig(), room=30)
        single = [0.0] * len(weights)
        single[index] = 1.0
        observer = AttributionObserver(state.context, (0, 2), single)
        state.step(QUESTION.asked, observer)
        expected += weight * observer.by_token(DOCUMENT)
    state = compose(one.loaded, read_prefix(one), kept, EngineConfig(), room=30)
    observer = AttributionObserver(state.context, (0, 2), weights)
    state.step(QUESTION.asked, observer)
    torch.testing.assert_close(observer.by_token(DOCUMENT), expected, atol=1e-6, rtol=1e-4)


def test_weights_that_do_not_fit_the_pass_are_refused() -> None:
    one = pair()
    state = compose(one.loaded, read_prefix(one), kept_of(one), EngineConfig(), room=30)
    with pytest.raises(ValueError, match="query weights"):
        state.step(QUESTION.all_ids, AttributionObserver(state.context, (0,), [1.0]))
