"""Which tokens of a chunk stay: every policy against its paper's rule, written out slowly.

The slow rules are this project's own: kvpress, which has some of the policies, cannot be installed beside the
version of transformers that the engine needs.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from transformers import LlamaConfig

from parallelcomp import Engine, EngineConfig, Eviction, EvictionPolicy, PolicySettings
from parallelcomp.policies import LayerContext, policy_of

from ..reference import assembled_forward, best_tokens, plain_forward
from ..tiny import PREFIX, QUESTION, chunks_of, pair, read, shape

SCORED = (*QUESTION.preamble, *QUESTION.ids)


def context(seen: Tensor, layer: int = 0, layers: int = 1, chunk: int = 0) -> LayerContext:
    return LayerContext(chunk, seen.shape[1], layer, layers, seen.shape[0])


def by_question(attention: Tensor, capacity: int, kernel: int) -> Tensor:
    policy = policy_of(Eviction(capacity=capacity, pooling_kernel=kernel))
    return policy.keep(context(attention), attention)


@pytest.mark.parametrize("policy", EvictionPolicy)
def test_a_chunk_that_fits_is_left_alone(policy: EvictionPolicy) -> None:
    """This holds for all but CORM, which drops what no query needs even if there is room."""
    chosen = policy_of(Eviction(capacity=10, policy=policy))
    assert chosen.evicts(11)
    assert chosen.evicts(10) == (policy is EvictionPolicy.CORM)


def test_max_pooling_by_hand() -> None:
    """A token stays with its neighbours: kernel 3 lifts 1 and 3 beside the peak 2, and 8 beside the edge 9."""
    attention = torch.tensor(
        [
            [0.0, 0.1, 0.9, 0.0, 0.0, 0.3, 0.2, 0.0, 0.0, 0.8],
            [0.5, 0.0, 0.0, 0.0, 0.6, 0.0, 0.0, 0.0, 0.0, 0.7],
        ]
    )
    # Pooled: .1 .9 .9 .9 .3 .3 .3 .2 .8 .8 and .5 .5 0 .6 .6 .6 0 0 .7 .7
    kept = by_question(attention, 5, 3)
    assert kept.tolist() == [[1, 2, 3, 8, 9], [3, 4, 5, 8, 9]]
    # Without pooling the peaks alone count; equal ones fall on the earlier token.
    alone = by_question(attention, 4, 1)
    assert alone.tolist() == [[2, 5, 6, 9], [0, 1, 4, 9]]


def test_equal_attention_keeps_the_earliest() -> None:
    kept = by_question(torch.full((2, 300), 0.25), 7, 7)
    assert kept.tolist() == [list(range(7))] * 2


@settings(deadline=None)
@given(
    kv_heads=st.sampled_from([1, 2, 3, 5]),
    length=st.integers(2, 60),
    kernel=st.sampled_from([1, 3, 7, 11]),
    seed=st.integers(0, 9999),
    levels=st.sampled_from([3, 1000]),
    data=st.data(),
)
def test_tokens_are_chosen_per_kv_head(
    kv_heads: int, length: int, kernel: int, seed: int, levels: int, data: st.DataObject
) -> None:
    """Equal to the slow rule for every head by itself; few levels make ties."""
    capacity = data.draw(st.integers(1, length - 1))
    generator = torch.Generator().manual_seed(seed)
    attention = torch.randint(levels, (kv_heads, length), generator=generator) / levels
    kept = by_question(attention, capacity, kernel)
    assert kept.tolist() == best_tokens(attention, capacity, kernel)


def top(row: Sequence[float], count: int) -> list[int]:
    """The offsets of the highest numbers, in order; of equal ones the earlier is taken."""
    return sorted(sorted(range(len(row)), key=lambda i: (-row[i], i))[:count])


def slow_rule(
    eviction: Eviction, attention_weights: Tensor, before: int, tokens: int, down: float
) -> list[list[int]]:
    """Return what every KV head of a layer keeps of a chunk by the policy's rule; for NACL without the drawn part.

    `attention_weights` (kv_heads, group, queries, keys): eager attention of the observed queries, the last of a
    sequence of `before` tokens, the chunk and the question. `down`: the layer as a fraction of depth.
    """
    own, capacity, reach = eviction.policy_settings, eviction.capacity, eviction.pooling_kernel // 2
    _, group, queries, keys = attention_weights.shape
    paid = attention_weights[..., before : before + tokens]
    summed = paid.sum(dim=(1, 2)).tolist()
    match eviction.policy:
        case EvictionPolicy.QUESTION:
            return best_tokens(torch.tensor(summed), capacity, eviction.pooling_kernel)
        case EvictionPolicy.SNAPKV | EvictionPolicy.PYRAMIDKV:
            budget = capacity
            if eviction.policy is EvictionPolicy.PYRAMIDKV:
                most = min(2 * capacity - capacity / own.steepness, tokens)
                budget = round(most - down * 2 * (most - capacity))
            padded = [[0.0] * reach + row + [0.0] * reach for row in summed]
            return [top([sum(row[i : i + 2 * reach + 1]) for i in range(tokens)], budget) for row in padded]
        case EvictionPolicy.STREAMING_LLM:
            sinks = own.sink_tokens
            return [[*range(sinks), *range(tokens - (capacity - sinks), tokens)] for _ in summed]
        case EvictionPolicy.H2O:
            old = tokens - round(capacity * own.recent_share)
            return [[*top(row[:old], capacity - (tokens - old)), *range(old, tokens)] for row in summed]
        case EvictionPolicy.NACL:
            return [top(row, capacity - round(capacity * own.random_share)) for row in summed]
        case EvictionPolicy.CORM:
            # The last query sees all keys, the one before it one less, and so on.
            even = [
                [
                    max(
                        float(head[g, q, k]) * (keys - queries + 1 + q)
                        for g in range(group)
                        for q in range(queries)
                    )
                    for k in range(tokens)
                ]
                for head in paid
            ]
            needed = max(sum(ratio > 1 for ratio in row) for row in even)
            return [top(row, min(needed, capacity)) for row in even]


LENGTHS = (33, 41, 9, 26)
FAMILIES = {"1": (4, 4), "3": (9, 3), "4": (8, 2)}


@pytest.mark.parametrize("group", FAMILIES)
@pytest.mark.parametrize("policy", EvictionPolicy)
def test_a_policy_keeps_what_its_rule_says_and_the_answer_sees_nothing_else(
    policy: EvictionPolicy, group: str, device: torch.device
) -> None:
    """Scored in one padded batch, assembled and answered, against eager attention and a mask per head."""
    one = pair(LlamaConfig(**shape(*FAMILIES[group])), device)
    own = PolicySettings(sink_tokens=3, steepness=4.0)
    eviction = Eviction(capacity=12, observation_window=4, pooling_kernel=3, policy=policy, policy_settings=own)
    engine = Engine(one.loaded, PREFIX, EngineConfig(chunk_tokens=64, eviction=eviction))
    chunks = chunks_of(*LENGTHS)
    stored = read(one, engine.prefix, chunks)
    memory = dataclasses.replace(engine.plan(sum(LENGTHS), free=10**9), score_batch=4)
    scores = sorted(engine.score(stored, QUESTION, memory), key=lambda score: score.index)
    selection = engine.compress(stored, scores, QUESTION, max_new_tokens=4)

    chosen = policy_of(eviction)
    observed = chosen.window(len(SCORED)) or 1
    for layer, (slots,) in enumerate(selection.context.slots):
        for chunk in chunks:
            kept = [
                [token - chunk.start for token in row if chunk.start <= token < chunk.stop]
                for row in slots.tokens.tolist()
            ]
            if not chosen.evicts(len(chunk)):
                assert kept == [list(range(len(chunk)))] * one.spec.kv_heads
                continue
            attentions = plain_forward(one.plain, [*PREFIX, *chunk.token_ids, *SCORED]).attentions[layer]
            attention_weights = attentions[:, -observed:].unflatten(0, (one.spec.kv_heads, one.spec.group))
            rule = slow_rule(eviction, attention_weights, len(PREFIX), len(chunk), layer / 2)
            if policy is EvictionPolicy.NACL:
                assert all(set(must) < set(row) for must, row in zip(rule, kept, strict=True))
                assert [len(row) for row in kept] == [12] * one.spec.kv_heads
            else:
                assert kept == rule

    visible = [slots.tokens.tolist() for (slots,) in selection.context.slots]
    slow = assembled_forward(one.plain, PREFIX, [c.token_ids for c in chunks], QUESTION.all_ids, visible)
    log_probs = selection.state.step(QUESTION.all_ids)
    torch.testing.assert_close(log_probs.cpu(), slow.log_probs[-1], atol=1e-4, rtol=0)


def test_a_pyramid_keeps_as_much_as_a_column() -> None:
    """Summed over all layers, whatever the steepness. If the chunk is too short for the base, it is flatter."""
    seen = torch.rand(2, 400)
    for steepness, tokens in ((1.0, 400), (4.0, 400), (20.0, 400), (20.0, 130)):
        own = PolicySettings(steepness=steepness)
        policy = policy_of(Eviction(capacity=100, policy=EvictionPolicy.PYRAMIDKV, policy_settings=own))
        attention = seen[:, :tokens]
        kept = [policy.keep(context(attention, layer, 9), attention).shape[1] for layer in range(9)]
        assert sum(kept) == 900
        assert kept == sorted(kept, reverse=True)
        assert kept[0] == {1.0: 100, 4.0: 175, 20.0: min(195, tokens)}[steepness]


def test_the_random_part_follows_seed_chunk_and_layer_and_prefers_what_is_attended_to() -> None:
    seen = torch.zeros(1, 40)
    seen[0, :4] = 9.0  # chosen
    seen[0, 20:24] = 1.5  # attended to, but not enough to be chosen
    own = PolicySettings(random_share=0.5, seed=3)

    def drawn(chunk: int = 0, layer: int = 0, chosen: PolicySettings = own) -> list[int]:
        policy = policy_of(Eviction(capacity=8, policy=EvictionPolicy.NACL, policy_settings=chosen))
        (row,) = policy.keep(context(seen, layer, 2, chunk), seen).tolist()
        assert row[:4] == [0, 1, 2, 3]
        assert len(set(row)) == 8
        return list(row[4:])

    assert drawn() == drawn()
    others = [drawn(chunk=1), drawn(layer=1), drawn(chosen=dataclasses.replace(own, seed=4))]
    assert all(other != drawn() for other in others)
    many = [token for chunk in range(50) for token in drawn(chunk)]
    assert sum(20 <= token < 24 for token in many) > 45  # of 200; 22 if all others were alike


def test_corm_keeps_every_token_that_some_query_needs_and_no_more() -> None:
    policy = policy_of(Eviction(capacity=5, policy=EvictionPolicy.CORM))
    attention_weights = torch.full((1, 2, 1, 2, 10), 0.01)
    attention_weights[0, 0, 0, 0, 2] = attention_weights[0, 0, 0, 1, 7] = attention_weights[0, 1, 0, 0, 4] = 0.5
    seen = policy.observe(attention_weights, torch.tensor([[9, 10]]))[0]
    assert policy.keep(context(seen), seen).tolist() == [[2, 7], [0, 4]]
    everybody = torch.full((1, 2, 1, 2, 10), 0.2)
    seen = policy.observe(everybody, torch.tensor([[9, 10]]))[0]
    assert policy.keep(context(seen), seen).tolist() == [[0, 1, 2, 3, 4]] * 2


@pytest.mark.parametrize(
    "bad", [{"sink_tokens": -1}, {"recent_share": 1.1}, {"random_share": -0.1}, {"steepness": 0.5}]
)
def test_impossible_settings_are_refused(bad: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(bad))):
        PolicySettings(**bad)  # type: ignore[arg-type]
