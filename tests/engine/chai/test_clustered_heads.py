"""Clustered heads: the clusters against a slow rule, the attention against one that repeats whole heads."""

from __future__ import annotations

import dataclasses
import json
import statistics
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from transformers import LlamaConfig

from parallelcomp import (
    ClusteredHeads,
    ClusterError,
    Composition,
    Engine,
    EngineConfig,
    Eviction,
    Membership,
    Sampling,
    Selection,
    adopt,
    find_clusters,
)
from parallelcomp.attention.attention import LayerAttention, attend, weights
from parallelcomp.chai.clustered_heads import Clusters, clustered_attention
from parallelcomp.chai.head_clusters import cluster, correlation, elbow, read, save
from parallelcomp.context.composition import SingleState
from parallelcomp.kv.cache import BufferLayer

from ..test_attention import MODULE, states
from ..tiny import PREFIX, QUESTION, Pair, chunks_of, pair, random_model, shape, tokens
from ..tiny import read as read_chunks

GROUPS = {"1": (4, 4), "3": (9, 3), "4": (8, 2)}
SAMPLES = [tokens(60, seed) for seed in range(3)]


# Which heads attend alike


def test_correlation_is_that_of_the_heads_attention() -> None:
    attention_weights = torch.rand(2, 2, 3, 4, 10)
    found = correlation(attention_weights)
    heads = [[float(x) for b in range(2) for x in attention_weights[b, h // 3, h % 3].flatten()] for h in range(6)]
    for i in range(6):
        for j in range(6):
            assert float(found[i, j]) == pytest.approx(statistics.correlation(heads[i], heads[j]), abs=1e-6)
    alike = torch.full((1, 2, 1, 3, 5), 0.2)  # no head has any shape: none resembles another
    assert torch.equal(correlation(alike), torch.eye(2, dtype=torch.float64))


def blocks(*sizes: int, inside: float = 0.9, across: float = 0.1) -> Tensor:
    owner = torch.cat([torch.full((size,), index) for index, size in enumerate(sizes)])
    return torch.where(owner[:, None] == owner, inside, across).double().fill_diagonal_(1.0)


def test_clusters_and_their_elbow_by_hand() -> None:
    correlated = blocks(2, 3, 4)
    shuffled = torch.tensor([5, 0, 7, 2, 8, 1, 3, 6, 4])
    representative, error = cluster(correlated[shuffled][:, shuffled], 3)
    group_of = [0, 0, 1, 1, 1, 2, 2, 2, 2]
    for head, stands_for in enumerate(representative.tolist()):
        assert group_of[shuffled[head]] == group_of[shuffled[stands_for]]
    # Within a cluster of n, the squared distance to the centre is (1 - 0.9) * (n - 1) / n for each head.
    assert error == pytest.approx(0.1 * (1 + 2 + 3))
    assert elbow([cluster(correlated, count)[1] for count in range(1, 10)]) == 3


@given(heads=st.integers(1, 12), seed=st.integers(0, 999), data=st.data())
def test_every_cluster_has_one_representative_that_stands_for_itself(
    heads: int, seed: int, data: st.DataObject
) -> None:
    points = torch.randn(heads, 7, generator=torch.Generator().manual_seed(seed)).double()
    correlated = torch.nn.functional.normalize(points) @ torch.nn.functional.normalize(points).T
    count = data.draw(st.integers(1, heads))
    representative, error = cluster(correlated, count)
    assert representative.unique().numel() == count
    assert torch.equal(representative[representative], representative)
    assert error >= -1e-9
    if count == heads:
        assert representative.tolist() == list(range(heads))
        assert error == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(
    ("errors", "expected"),
    [([8, 2, 1, 0], 2), ([8, 7, 1, 0], 3), ([3, 2, 1, 0], 4), ([0, 0, 0, 0], 4), ([1, 5, 5, 0], 4), ([1], 1)],
)
def test_elbows_by_hand(errors: list[float], expected: int) -> None:
    """If the curve is straight or lies above the line between its ends, clusters gain nothing."""
    assert elbow(errors) == expected


# The attention


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("queries", [1, 6])
def test_scores_of_the_representatives_values_of_every_head(group: str, queries: int, device: torch.device) -> None:
    heads, kv_heads = GROUPS[group]
    query, key, value = (one.to(device) for one in states(1, kv_heads, heads // kv_heads, queries, 20))
    # No head of the last KV head represents anybody.
    representative = torch.tensor([0, 0, 1, 1, 1, 2, 0, 2, 1][:heads], device=device)
    clusters = Clusters.of(representative, heads // kv_heads)
    stand_in = representative // (heads // kv_heads)
    expected, _ = attend(
        MODULE,
        query[:, representative],
        key[:, stand_in],
        value.repeat_interleave(heads // kv_heads, dim=1),
        None,
    )
    for held in (key, key[:, list(clusters.representatives)]):
        got = clustered_attention(query, held, value, 8**-0.5, clusters)
        torch.testing.assert_close(got, expected, atol=1e-6, rtol=0)


@pytest.mark.parametrize("group", GROUPS)
def test_every_head_for_itself_is_plain_attention(group: str) -> None:
    heads, kv_heads = GROUPS[group]
    query, key, value = states(1, kv_heads, heads // kv_heads, 5, 30)
    got = clustered_attention(query, key, value, 8**-0.5, Clusters.of(torch.arange(heads), heads // kv_heads))
    torch.testing.assert_close(got, attend(MODULE, query, key, value, None)[0], atol=1e-6, rtol=0)


# Over a context


def selected(one: Pair, clustered: ClusteredHeads | None) -> tuple[Engine, Selection]:
    config = EngineConfig(chunk_tokens=64, eviction=Eviction(kept_tokens=9999), clustered_heads=clustered)
    engine = Engine(one.loaded, PREFIX, config)
    stored = read_chunks(one, engine.prefix, chunks_of(23, 41, 9))
    scores = engine.score(stored, QUESTION, engine.plan(73, free=10**9))
    return engine, engine.compress(stored, engine.select(stored, scores), QUESTION, 6)


def model(group: str, device: torch.device | str = "cpu") -> Pair:
    return pair(LlamaConfig(**shape(*GROUPS[group])), device)


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("membership", Membership)
def test_as_many_clusters_as_heads_is_the_identity(
    group: str, membership: Membership, device: torch.device
) -> None:
    """The results are equal bit for bit, and nothing is saved."""
    one = model(group, device)
    counts = (one.spec.query_heads,) * one.spec.layers
    _, clustered = selected(one, ClusteredHeads(one.spec.fingerprint, counts, membership))
    _, without = selected(one, None)
    step = QUESTION.all_ids
    for _ in range(4):
        log_probs, expected = clustered.state.step(step), without.state.step(step)
        assert torch.equal(log_probs, expected)
        step = (int(expected.argmax()),)
    savings = clustered.savings
    assert savings is not None
    assert savings.score_flops == savings.score_flops_without
    assert savings.key_bytes == savings.key_bytes_without
    assert str(savings) == "0% of the score FLOPs of a decoded token, none of the keys' bytes"
    assert without.savings is None


class SlowKernel:
    """A kernel that repeats the representative's queries and keys for every head, and drops no keys."""

    def __init__(self, counts: tuple[int, ...], membership: Membership, spec_group: int) -> None:
        self.counts, self.membership, self.group = counts, membership, spec_group
        self.representative: dict[int, Tensor] = {}

    def __call__(self, one: LayerAttention) -> Tensor:
        layer, query, key, value, scaling = one.layer, one.query, one.key, one.value, one.scaling
        queries, keys = query.shape[2], key.shape[2]
        plain = 0  # queries of this pass at which every head still has its own scores
        if layer not in self.representative:
            first = self.membership is Membership.FIRST_TOKENS
            plain = 5 if first else queries
            shown = keys - queries + 5 if first else keys
            seen = query[:, :, :5] if first else query
            attention_weights = weights(seen, key[:, :, :shown], scaling, None, 5)
            self.representative[layer] = cluster(correlation(attention_weights), self.counts[layer])[0].to(
                query.device
            )
        heads = self.representative[layer]
        wide_key, wide_value = (one.repeat_interleave(self.group, dim=1) for one in (key, value))
        own, _ = attend(MODULE, query, wide_key, wide_value, None, scaling=scaling)
        shared, _ = attend(MODULE, query[:, heads], wide_key[:, heads], wide_value, None, scaling=scaling)
        return torch.cat([own[:, :plain], shared[:, plain:]], dim=1)


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("membership", Membership)
def test_question_and_answer_equal_a_slow_kernel(group: str, membership: Membership, device: torch.device) -> None:
    """Clusters, the switch in the middle of the question and dropped keys, against heads that are repeated
    whole."""
    one = model(group, device)
    counts = (2, one.spec.query_heads, 1)
    _, clustered = selected(one, ClusteredHeads(one.spec.fingerprint, counts, membership))
    _, slow = selected(one, None)
    kernel = SlowKernel(counts, membership, one.spec.group)
    assert isinstance(slow.state, SingleState)
    slow.state.clustering = kernel  # type: ignore[assignment]
    step = QUESTION.all_ids
    for _ in range(5):
        log_probs, expected = clustered.state.step(step), slow.state.step(step)
        torch.testing.assert_close(log_probs, expected, atol=1e-4, rtol=0)
        step = (int(expected.argmax()),)

    flops = without = kept = whole = 0
    for index, cached in enumerate(clustered.context.cache.layers):
        assert isinstance(cached, BufferLayer)
        length = cached.length
        needed = {int(head) // one.spec.group for head in kernel.representative[index].unique()}
        assert cached.used[0].shape[1] == len(needed)
        assert cached.used[1].shape[1] == one.spec.kv_heads
        flops += 2 * 8 * length * counts[index]
        without += 2 * 8 * length * one.spec.query_heads
        kept += 4 * 8 * length * len(needed)
        whole += 4 * 8 * length * one.spec.kv_heads
    savings = clustered.savings
    assert savings is not None
    assert dataclasses.astuple(savings) == (flops, without, kept, whole)
    assert kept < whole
    with pytest.raises(ValueError, match="dropped"):
        clustered.state.step([1], observer=lambda *_: None)


def with_copied_heads() -> Pair:
    """A model of four heads: the second is a copy of the first and the fourth of the third, except for values."""
    twins = random_model(LlamaConfig(**shape(4, 4)))
    with torch.no_grad():
        for layer in twins.model.layers:
            for projection in (layer.self_attn.q_proj, layer.self_attn.k_proj):
                rows = projection.weight.view(4, 8, -1)
                rows[1], rows[3] = rows[0].clone(), rows[2].clone()
    return Pair(adopt(twins), None)


@pytest.mark.parametrize("membership", Membership)
def test_heads_that_are_copies_are_found_and_sharing_them_costs_nothing(membership: Membership) -> None:
    one = with_copied_heads()
    found = find_clusters(one.loaded, SAMPLES)
    assert found == ClusteredHeads(one.spec.fingerprint, (2, 2, 2))
    engine, clustered = selected(one, dataclasses.replace(found, membership=membership))
    plain, without = selected(one, None)
    clustered = engine.attribute(clustered, engine.attribution_observer(clustered))
    sampling = Sampling(max_new_tokens=6)
    answer = list(engine.generate(clustered, sampling, frozenset()))
    assert answer == list(plain.generate(without, sampling, frozenset()))
    assert str(clustered.savings) == "50% of the score FLOPs of a decoded token, 50% of the keys' bytes"


def test_passages_that_are_read_again_are_clustered_too() -> None:
    one = model("3")
    engine, _ = selected(one, ClusteredHeads(one.spec.fingerprint, (3, 3, 3)))
    selection = engine.reread(chunks_of(12, 20), QUESTION, 4)
    assert len(list(engine.generate(selection, Sampling(max_new_tokens=4), frozenset()))) == 4
    assert selection.savings is not None
    assert selection.savings.score_flops * 3 == selection.savings.score_flops_without


# Files, and what does not fit


def test_clusters_are_found_for_every_layer_and_survive_a_file(tmp_path: Path) -> None:
    one = model("3")
    found = find_clusters(one.loaded, SAMPLES)
    assert found == find_clusters(one.loaded, SAMPLES)
    assert found.fingerprint == one.spec.fingerprint
    assert len(found.clusters) == one.spec.layers
    assert all(1 <= count <= 9 for count in found.clusters)
    save(found, tmp_path / "clusters.json")
    assert read(tmp_path / "clusters.json") == found
    with pytest.raises(ValueError, match="text"):
        find_clusters(one.loaded, [])


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("{", "not a file of head clusters"),
        ("[]", "not a file of head clusters"),
        (json.dumps({"format": 1, "fingerprint": "a"}), "not a file of head clusters"),
        (json.dumps({"format": 1, "fingerprint": "a", "clusters": [0]}), "not a file of head clusters"),
        (json.dumps({"format": 9, "fingerprint": "a", "clusters": [1]}), "another version"),
    ],
)
def test_a_damaged_file_is_said_to_be_one(tmp_path: Path, content: str, says: str) -> None:
    path = tmp_path / "clusters.json"
    path.write_text(content)
    with pytest.raises(ClusterError, match=says):
        read(path)
    with pytest.raises(ClusterError, match="cannot read"):
        read(tmp_path / "missing.json")


def test_clusters_of_another_model_are_refused_before_any_work() -> None:
    one, other = model("3"), pair(LlamaConfig(**shape(9, 3)), seed=1)
    config = EngineConfig(chunk_tokens=64)
    found = ClusteredHeads(one.spec.fingerprint, (3, 3, 3))
    with pytest.raises(ClusterError, match="another model"):
        Engine(other.loaded, PREFIX, dataclasses.replace(config, clustered_heads=found))
    engine = Engine(one.loaded, PREFIX, config)
    for wrong in ((3, 3), (3, 3, 10)):
        clustered = dataclasses.replace(found, clusters=wrong)
        with pytest.raises(ClusterError, match="do not fit"):
            engine.with_config(dataclasses.replace(config, clustered_heads=clustered))
    with pytest.raises(ValueError, match="mixture"):
        EngineConfig(clustered_heads=found, composition=Composition.MIXTURE)
    with pytest.raises(ValueError, match="at least one"):
        ClusteredHeads("a", (1, 0))
