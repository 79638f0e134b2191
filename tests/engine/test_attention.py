"""The attention function itself against a naive softmax, on every path it can take."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from parallelcomp import Cancelled
from parallelcomp.attention.attention import (
    BLOCK_QUERIES,
    AttentionPass,
    additive_mask,
    attend,
    weights,
)

from .conftest import Format
from .tiny import PREFIX, QUESTION, pair

MODULE = SimpleNamespace(layer_idx=0)


def naive(query: Tensor, key: Tensor, value: Tensor, scale: float, padding: list[int]) -> tuple[Tensor, Tensor]:
    """One query at a time in fp64: outputs (batch, queries, query_heads, head_dim), attention weights (batch,
    query_heads, queries, keys)."""
    batch, heads, queries, head_dim = query.shape
    keys, group = key.shape[2], heads // key.shape[1]
    out = torch.zeros(batch, queries, heads, head_dim, dtype=torch.float64)
    attention_weights = torch.zeros(batch, heads, queries, keys, dtype=torch.float64)
    for b in range(batch):
        for h in range(heads):
            for q in range(queries):
                seen = slice(padding[b], keys - queries + q + 1)
                logits = key[b, h // group, seen].double() @ query[b, h, q].double() * scale
                weights_of_query = logits.exp() / logits.exp().sum()
                attention_weights[b, h, q, seen] = weights_of_query
                out[b, q, h] = weights_of_query @ value[b, h // group, seen].double()
    return out.float(), attention_weights.float()


def states(
    batch: int, kv_heads: int, group: int, queries: int, keys: int, seed: int = 0
) -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    query = torch.randn(batch, kv_heads * group, queries, 8, generator=generator)
    key = torch.randn(batch, kv_heads, keys, 8, generator=generator)
    return query, key, torch.randn(batch, kv_heads, keys, 8, generator=generator)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_attend_equals_naive_softmax(data: st.DataObject) -> None:
    """All shapes: square, packed and single queries, odd groups, unequal padding."""
    batch, kv_heads = data.draw(st.integers(1, 3)), data.draw(st.integers(1, 3))
    group, keys = data.draw(st.sampled_from([1, 2, 3, 7])), data.draw(st.integers(1, 24))
    queries = data.draw(st.integers(1, keys))
    padding = data.draw(
        st.one_of(st.none(), st.lists(st.integers(0, keys - queries), min_size=batch, max_size=batch))
    )
    scale = data.draw(st.sampled_from([None, 0.1, 1.0]))
    query, key, value = states(batch, kv_heads, group, queries, keys, seed=data.draw(st.integers(0, 99)))
    asked = AttentionPass(padding=None if padding is None else torch.tensor(padding))
    got, none = attend(MODULE, query, key, value, None, scaling=scale, attention_pass=asked)
    expected, attention_weights = naive(query, key, value, scale or 8**-0.5, padding or [0] * batch)
    assert none is None
    torch.testing.assert_close(got, expected, atol=1e-5, rtol=0)

    last = data.draw(st.integers(1, queries))
    seen = weights(query, key, scale or 8**-0.5, asked.padding, last)
    assert seen.shape == (batch, kv_heads, group, last, keys)
    torch.testing.assert_close(
        seen.reshape(batch, kv_heads * group, last, keys), attention_weights[:, :, -last:], atol=1e-5, rtol=0
    )


@pytest.mark.parametrize(("kv_heads", "group"), [(3, 3), (1, 7), (5, 3), (4, 1)])
@pytest.mark.parametrize(("queries", "keys"), [(9, 9), (9, 12), (9, 40), (1, 17), (1, 1), (20, 40), (21, 40)])
@pytest.mark.parametrize("padded", [False, True])
def test_every_path_at_its_edges(
    format: Format, kv_heads: int, group: int, queries: int, keys: int, padded: bool
) -> None:
    """Square (more than half as many queries as keys), packed, one query; each with and without padding."""
    here = [one.to(format.device, format.dtype) for one in states(2, kv_heads, group, queries, keys)]
    padding = [0, keys - queries] if padded else [0, 0]
    asked = AttentionPass(padding=torch.tensor(padding, device=format.device) if padded else None)
    got, _ = attend(MODULE, *here, None, attention_pass=asked)
    query, key, value = (one.float().cpu() for one in here)
    expected, _ = naive(query, key, value, 8**-0.5, padding)
    torch.testing.assert_close(got.float().cpu(), expected, atol=format.tolerance, rtol=0)


def test_in_bf16_a_few_queries_are_as_close_as_bf16_can_be() -> None:
    query, key, value = (one.bfloat16() for one in states(2, 2, 3, 5, 40))
    padding = torch.tensor([0, 7])
    out, _ = attend(MODULE, query, key, value, None, 0.3, attention_pass=AttentionPass(padding=padding))
    wanted, _ = naive(query.float(), key.float(), value.float(), 0.3, [0, 7])
    assert torch.allclose(out.float(), wanted, atol=0.02)


@pytest.mark.parametrize("padding", [None, [0, 0], [3, 11], [35, 0]])
def test_in_bf16_a_mask_is_added_wherever_it_hides_something(padding: list[int] | None) -> None:
    query = states(2, 2, 3, 5, 40)[0].bfloat16()
    asked = AttentionPass(padding=None if padding is None else torch.tensor(padding))
    mask = asked.mask(query, 40, 3)
    part, whole = torch.randn(2, 2, 15, 40).bfloat16(), torch.zeros(2, 2, 15, 40).bfloat16()
    whole += part + mask.tensor
    mask.add_to(part)
    assert torch.equal(part, whole)
    assert mask.clear == slice(max(padding or [0]), 35)


@pytest.mark.parametrize(("kv_heads", "group"), [(3, 3), (1, 7), (4, 1)])
@pytest.mark.parametrize(
    ("queries", "keys"),
    [(BLOCK_QUERIES - 1, BLOCK_QUERIES), (BLOCK_QUERIES, BLOCK_QUERIES + 5), (2 * BLOCK_QUERIES + 1, 300)],
)
def test_in_bf16_many_queries_in_blocks_see_what_they_may(
    kv_heads: int, group: int, queries: int, keys: int
) -> None:
    """Against torch's own attention in fp32, of the same rounded numbers."""
    query, key, value = (one.bfloat16() for one in states(2, kv_heads, group, queries, keys))
    out, _ = attend(MODULE, query, key, value, None, 0.3)
    wanted, _ = attend(MODULE, query.float(), key.float(), value.float(), None, 0.3)
    torch.testing.assert_close(out.float(), wanted, atol=0.03, rtol=0)


def test_padding_slots_may_hold_anything() -> None:
    query, key, value = states(2, 2, 3, 4, 20)
    asked = AttentionPass(padding=torch.tensor([6, 0]))
    before, _ = attend(MODULE, query, key, value, None, attention_pass=asked)
    key[0, :, :6], value[0, :, :6] = 1e4, -1e4
    after, _ = attend(MODULE, query, key, value, None, attention_pass=asked)
    assert torch.equal(before, after)


def test_additive_mask_by_hand() -> None:
    no = float("-inf")
    mask = additive_mask(2, 4, torch.tensor([0, 2]), torch.float32, torch.device("cpu"))
    expected = [[[[0, 0, 0, no], [0, 0, 0, 0]]], [[[no, no, 0, no], [no, no, 0, 0]]]]
    assert torch.equal(mask, torch.tensor(expected, dtype=torch.float32))


def test_one_pass_serves_layers_of_different_lengths() -> None:
    """The mask that a pass remembers for one layer must not be given to a shorter one."""
    asked = AttentionPass(padding=torch.tensor([1]))
    for keys, queries, group in ((30, 3, 2), (20, 3, 2), (20, 2, 2), (20, 2, 3), (30, 3, 2)):
        query, key, value = states(1, 2, group, queries, keys)
        got, _ = attend(MODULE, query, key, value, None, attention_pass=asked)
        expected, _ = naive(query, key, value, 8**-0.5, [1])
        torch.testing.assert_close(got, expected, atol=1e-5, rtol=0)


def test_without_a_pass_it_is_plain_causal_attention() -> None:
    query, key, value = states(2, 2, 2, 10, 10)
    got, _ = attend(MODULE, query, key, value, None)
    torch.testing.assert_close(got, naive(query, key, value, 8**-0.5, [0, 0])[0], atol=1e-5, rtol=0)


def test_cancelled_stops_before_any_work() -> None:
    query, key, value = states(1, 1, 1, 2, 2)
    seen: list[int] = []
    asked = AttentionPass(observer=lambda layer, *_: seen.append(layer), cancelled=lambda: True)
    with pytest.raises(Cancelled):
        attend(MODULE, query, key, value, None, attention_pass=asked)
    assert seen == []


def test_the_key_filter_decides_what_is_attended_and_observed() -> None:
    query, key, value = states(1, 2, 2, 1, 12)
    seen: list[int] = []
    asked = AttentionPass(
        key_filter=lambda _layer, _query, k, v, _scale: (k[:, :, 5:], v[:, :, 5:]),
        observer=lambda _layer, _query, k, *_: seen.append(k.shape[2]),
    )
    got, _ = attend(MODULE, query, key, value, None, attention_pass=asked)
    expected, _ = naive(query, key[:, :, 5:], value[:, :, 5:], 8**-0.5, [0])
    torch.testing.assert_close(got, expected, atol=1e-5, rtol=0)
    assert seen == [7]


def test_nothing_of_a_pass_stays_with_the_model() -> None:
    """A pass that observes, filters or is cancelled leaves the next one as if it had not been."""
    one = pair("qwen2 7/1")
    ids = torch.tensor([[*PREFIX, *QUESTION.all_ids]])
    attributes = {name: dict(vars(m)) for name, m in one.loaded.model.named_modules()}
    calls: list[int] = []

    observe = AttentionPass(observer=lambda layer, *_: calls.append(layer))
    with torch.inference_mode():
        before = one.loaded.model(ids, use_cache=False).logits
        one.loaded.model(ids, use_cache=False, attention_pass=observe)
        with pytest.raises(Cancelled):
            one.loaded.model(ids, use_cache=False, attention_pass=AttentionPass(cancelled=lambda: True))
        assert calls == [0, 1, 2]
        after = one.loaded.model(ids, use_cache=False).logits
    assert calls == [0, 1, 2]
    assert torch.equal(before, after)
    assert {name: dict(vars(m)) for name, m in one.loaded.model.named_modules()} == attributes
