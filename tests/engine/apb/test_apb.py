"""APB and Star-Attention against one plain forward pass whose masks say who sees what."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from itertools import pairwise
from typing import Any, TypeVar

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from parallelcomp import Cancelled, MemoryPlanError, Sampling, UnsupportedModelError, WindowError
from parallelcomp.apb import APB, Layout, Length, QuestionReading, check, compressor, decoding, read
from parallelcomp.apb.anchor import read_anchor
from parallelcomp.attention.attention import AttentionPass, attend
from parallelcomp.attention.kernels import MANY_QUERIES
from parallelcomp.attribution import content_layers, question_weights
from parallelcomp.errors import LayoutError
from parallelcomp.models.families import ROTATED_IN_HALVES

from ..reference import Forward, best_tokens, by_kv_head, masked_forward, plain_forward, question_nll
from ..test_attention import MODULE, naive, states
from ..tiny import CONFIGS, PREFIX, QUESTION, WINDOW, Pair, pair, tokens

R = TypeVar("R")
DOCUMENT = tokens(119, 31)
ANSWER = tokens(4, 32)
NEW = len(ANSWER)
EVERYTHING = APB(4, 0, Length.BLOCK)


def finish(work: Generator[Any, None, R]) -> R:
    """Run a generator to its end and return what it returns."""
    while True:
        try:
            next(work)
        except StopIteration as stop:
            return stop.value


def reading(one: Pair, chosen: APB, document: Sequence[int] = DOCUMENT) -> QuestionReading:
    return finish(read(one.loaded, chosen, PREFIX, document, QUESTION, NEW))


def slow(one: Pair, layout: Layout, picks: list[Tensor], after: Sequence[int]) -> Forward:
    """One forward pass over the anchor, the sequence, and `after`; `picks`, in the order in which the hosts took
    them, are the tokens of each block that later ones see, per layer (kv_heads, tokens)."""
    sequence = [*PREFIX, *DOCUMENT]
    anchor = [*PREFIX, *QUESTION.preamble, *QUESTION.ids, *DOCUMENT[: layout.anchor_tokens]]
    anchor = anchor if layout.anchor_tokens else []
    ids = [*anchor, *sequence, *after]
    first, spec = len(anchor), one.spec
    asked = first + len(sequence)
    masks = torch.zeros(spec.layers, spec.query_heads, len(ids), len(ids), dtype=torch.bool)
    causal = torch.ones(len(ids), len(ids), dtype=torch.bool).tril()
    masks[:, :, :first, :first] = causal[:first, :first]
    masks[:, :, asked:, first:] = causal[asked:, first:]
    for host in range(layout.hosts):
        span = layout.span(host)
        rows = slice(first + span.start, first + span.stop)
        masks[:, :, rows, rows] = causal[: len(span), : len(span)]
        if host:
            masks[:, :, rows, :first] = True
        for earlier in range(host if layout.passing_tokens else 0):
            start = first + layout.span(earlier).start
            for layer in range(spec.layers):
                for head in range(spec.query_heads):
                    seen = (
                        picks[earlier * spec.layers + layer][head // spec.group]
                        if picks
                        else torch.arange(layout.block_tokens)
                    )
                    masks[layer, head, rows, start + seen] = True
    return masked_forward(one.plain, ids, [*range(first), *range(len(sequence) + len(after))], masks)


@pytest.fixture
def picks(monkeypatch: pytest.MonkeyPatch) -> list[Tensor]:
    """The tokens that the compressor takes, in the order in which it takes them."""
    taken: list[Tensor] = []
    useful = compressor.useful

    def recorded(attention: Tensor, count: int, anchored: int) -> Tensor:
        taken.append(useful(attention, count, anchored))
        return taken[-1]

    monkeypatch.setattr(compressor, "useful", recorded)
    return taken


SETTINGS = {
    "apb": APB(4, 11, 7),
    "apb by the paper's lengths": APB(3),
    "star": APB.star(4),
    "only blocks": APB(3, 0, 0),
    "whole blocks and an anchor": APB(3, 5, Length.BLOCK),
}


@pytest.mark.parametrize("name", SETTINGS)
@pytest.mark.parametrize("family", ["smollm 9/3 tied", "phi3 6/2", "qwen2 yarn rope"])
def test_reading_over_hosts_equals_one_pass_under_masks(family: str, name: str, picks: list[Tensor]) -> None:
    one = pair(family)
    read_for = reading(one, SETTINGS[name])
    layout = read_for.layout
    compressed = 0 < layout.passing_tokens < layout.block_tokens
    assert len(picks) == (layout.hosts - 1) * one.spec.layers * compressed
    after = [*QUESTION.all_ids, *ANSWER]
    expected = slow(one, layout, picks, after).log_probs[-len(after) :]
    state = read_for._state
    asked = state.run(QUESTION.all_ids, range(len(QUESTION.all_ids)))
    torch.testing.assert_close(asked, expected[:-NEW], atol=2e-4, rtol=2e-4)
    for index, token in enumerate(ANSWER):
        torch.testing.assert_close(state.step([token]), expected[index - NEW], atol=2e-4, rtol=2e-4)


@pytest.mark.parametrize("chosen", [EVERYTHING, APB(1)], ids=["everything is passed", "one host"])
@pytest.mark.parametrize(
    "family", ["smollm 9/3 tied", "granite 10/2", "glm4 4/2", "smollm3 8/2", "ministral3 6/2", "olmo3 full 6/2"]
)
def test_passing_everything_is_full_attention(family: str, chosen: APB) -> None:
    one = pair(family)
    read_for = reading(one, chosen)
    attribution = read_for.attribute()
    before = [*PREFIX, *DOCUMENT]
    full = plain_forward(one.plain, [*before, *QUESTION.asked])
    nll = question_nll(one.plain, [*before, *QUESTION.preamble], QUESTION.ids)
    assert attribution.token_nll == pytest.approx(nll, abs=1e-4)
    weights = torch.tensor(question_weights(QUESTION))
    layers = content_layers(one.spec.layers)
    paid = full.attentions[list(layers), :, len(before) :, len(PREFIX) : len(before)]
    summed = torch.einsum("lhqt,q->t", paid, weights) / one.spec.group / len(layers)
    torch.testing.assert_close(attribution.attention, summed, atol=1e-5, rtol=1e-3)
    expected: list[int] = []
    for _ in range(NEW):
        ids = [*before, *QUESTION.all_ids, *expected]
        expected.append(int(plain_forward(one.plain, ids).log_probs[-1].argmax()))
    assert list(read_for.generate(Sampling(max_new_tokens=NEW), frozenset())) == expected


def test_what_is_left_out_changes_the_answer() -> None:
    """Otherwise the tests above could not tell the settings apart."""
    one = pair()
    attributions = [reading(one, chosen).attribute().token_nll for chosen in (*SETTINGS.values(), EVERYTHING)]
    assert len({round(sum(nll), 3) for nll in attributions}) == len(attributions)


def test_star_is_apb_that_passes_nothing() -> None:
    one = pair()
    layout = APB.star(4).layout(len(PREFIX), len(DOCUMENT))
    assert (layout.anchored, layout.passing_tokens) == (layout.block_tokens, 0)
    without_passing = APB(4, layout.anchor_tokens, 0)
    star, apb = (reading(one, chosen).attribute() for chosen in (APB.star(4), without_passing))
    assert star.token_nll == apb.token_nll
    assert torch.equal(star.attention, apb.attention)


@pytest.mark.parametrize("family", ["glm4 4/2", "smollm3 8/2", "ministral3 6/2", "olmo3 full 6/2"])
def test_apb_is_refused_where_queries_cannot_be_rotated_further(family: str) -> None:
    """Interleaved pairs, layers without positions, queries scaled by their position, RoPE by the kind of layer."""
    with pytest.raises(UnsupportedModelError, match="Star-Attention passes nothing on"):
        reading(pair(family), SETTINGS["apb"])


@pytest.mark.parametrize(
    "family", [name for name, make in CONFIGS.items() if make().model_type in ROTATED_IN_HALVES]
)
def test_queries_rotated_further_are_those_of_later_positions(family: str) -> None:
    """Queries of the first layer depend on nothing but the token and its position."""
    one = pair(family)
    longer = tokens(60, 5)
    early, late = (read_anchor(one.loaded, before, QUESTION, DOCUMENT[:3]) for before in (PREFIX, longer))
    moved = compressor.rotated_further(one.loaded, early.queries[0], late.question_start - early.question_start)
    torch.testing.assert_close(moved, late.queries[0], atol=2e-5, rtol=1e-4)


def test_the_compressor_takes_what_the_question_attends_to() -> None:
    generator = torch.Generator().manual_seed(3)
    queries, keys = torch.randn(6, 4, 8, generator=generator), torch.randn(2, 40, 8, generator=generator)
    logits = torch.einsum("hqd,htd->hqt", queries, keys.repeat_interleave(3, dim=0)) * 0.3
    expected = by_kv_head(logits.softmax(dim=-1).sum(dim=1), 2)
    attention = compressor.attention_from(queries, keys, 0.3)
    torch.testing.assert_close(attention, expected)
    assert compressor.useful(attention, 9, 0).tolist() == best_tokens(attention, 9, compressor.POOLING_KERNEL)
    without_anchor = compressor.useful(attention, 9, 25)
    assert without_anchor.min() >= 25
    assert compressor.useful(attention, 20, 25)[0, -15:].tolist() == list(range(25, 40))


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_merged_shards_are_attention_to_all_keys(data: st.DataObject) -> None:
    keys, queries = data.draw(st.integers(2, 24)), data.draw(st.integers(1, 4))
    cuts = sorted(data.draw(st.sets(st.integers(1, keys - 1), max_size=3)))
    query, key, value = states(1, 2, 3, queries, keys + queries, seed=data.draw(st.integers(0, 99)))
    bounds = [0, *cuts, keys]
    parts = [
        decoding.partial(query, key[:, :, a:b], value[:, :, a:b], 0.4, causal=False) for a, b in pairwise(bounds)
    ]
    parts.append(decoding.partial(query, key[:, :, keys:], value[:, :, keys:], 0.4, causal=True))
    out, _ = naive(query, key, value, 0.4, [0])
    torch.testing.assert_close(decoding.merge(torch.stack(parts))[..., :-1], out[0].transpose(0, 1))


def test_many_queries_on_many_more_keys_need_no_mask() -> None:
    queries = MANY_QUERIES + 1
    query, key, value = states(1, 1, 1, queries, 3 * queries)
    asked = AttentionPass()
    out, _ = attend(MODULE, query, key, value, None, attention_pass=asked)
    assert not asked._masks
    logits = (query @ key.transpose(2, 3))[0, 0] * 8**-0.5
    hidden = ~torch.ones_like(logits).tril(2 * queries).bool()
    attention_weights = logits.masked_fill(hidden, -torch.inf).softmax(dim=-1)
    torch.testing.assert_close(out[0, :, 0], attention_weights @ value[0, 0])


@pytest.mark.parametrize(
    ("thousands", "block", "anchor", "passing"),
    [(32, 4, 1, 0.5), (64, 8, 2, 1), (128, 16, 4, 2), (256, 32, 8, 4), (512, 64, 8, 8)],
)
def test_lengths_by_default_are_those_of_the_paper(
    thousands: int, block: float, anchor: float, passing: float
) -> None:
    layout = APB().layout(0, thousands * 1024)
    lengths = (layout.block_tokens, layout.anchor_tokens, layout.passing_tokens)
    assert [length / 1024 for length in lengths] == [block, anchor, passing]


@given(prefix=st.integers(0, 20), document=st.integers(1, 400), hosts=st.integers(1, 12))
def test_blocks_cover_the_sequence_exactly(prefix: int, document: int, hosts: int) -> None:
    try:
        layout = APB(hosts, 0, 0).layout(prefix, document)
    except LayoutError:
        assert hosts > 1
        return
    positions = [position for host in range(hosts) for position in layout.span(host)]
    assert positions == list(range(prefix + document))
    assert all(len(layout.span(host)) == layout.block_tokens for host in range(hosts - 1))


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: APB(0), "hosts must be at least 1"),
        (lambda: APB(2, -1), "anchor_tokens must be 0 or more"),
        (lambda: APB(2, 1, -1), "passing_tokens must be 0 or more"),
    ],
)
def test_settings_that_fit_no_document_are_refused(make: Callable[[], APB], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        make()


@pytest.mark.parametrize(
    ("chosen", "document", "says"),
    [
        (APB(8, 0, 0), 5, "too few for 8 hosts; ask for at most 5"),
        (APB(6, 0, 0), 8, "no more than 5 blocks, too few for 6 hosts"),
        (APB(4, 30), 115, "shorter anchor or fewer hosts"),
        (APB(8), 35, "longer than a block"),
        (APB(4, 10, 31), 115, "pass at most that many"),
        (APB(4, 0, 5), 115, "take an anchor, or pass nothing, or the whole block of 30 tokens"),
        (APB(2), 0, "make no more than"),
    ],
)
def test_lengths_that_do_not_fit_the_document_are_refused(chosen: APB, document: int, says: str) -> None:
    with pytest.raises(LayoutError, match=says):
        chosen.layout(5, document)


def test_what_does_not_fit_is_refused_before_any_work(monkeypatch: pytest.MonkeyPatch) -> None:
    one = pair()
    room = WINDOW - len(PREFIX) - len(QUESTION.all_ids) - NEW
    check(one.spec, APB(2), len(PREFIX), room, QUESTION, NEW)
    with pytest.raises(WindowError, match=f"take {WINDOW + 1} tokens"):
        check(one.spec, APB(2), len(PREFIX), room + 1, QUESTION, NEW)
    monkeypatch.setattr("parallelcomp.memory.free_bytes", lambda _: 100_000)
    with pytest.raises(MemoryPlanError, match="spread the hosts over more ranks"):
        reading(one, APB(2))


def test_reading_says_how_far_it_is_and_stops_when_asked() -> None:
    one = pair()
    work = read(one.loaded, APB(4, 3, 3), PREFIX, DOCUMENT, QUESTION, NEW)
    assert list(work) == [26, 57, 88, 119]
    asked = 0

    def cancelled() -> bool:
        nonlocal asked
        asked += 1
        return asked > 2 * one.spec.layers + 1  # in the second layer of the first block

    stopped = read(one.loaded, APB(4, 3, 3), PREFIX, DOCUMENT, QUESTION, NEW, cancelled=cancelled)
    with pytest.raises(Cancelled):
        list(stopped)
    assert asked == 2 * one.spec.layers + 2
