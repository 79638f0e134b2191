"""Layers with a sliding window or attention sinks: every part of the engine against slow ways that know both."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor
from transformers import AttentionInterface

from parallelcomp import (
    Calibration,
    ClusteredHeads,
    Composition,
    Engine,
    EngineConfig,
    LayerRange,
    QueryHead,
    Region,
    RetrievalHeads,
    UnsupportedModelError,
    find_clusters,
)
from parallelcomp.apb import APB, read
from parallelcomp.attention.attention import AttentionPass, attend
from parallelcomp.bifurcated import score_many
from parallelcomp.context.composition import batch_context, compose, forward
from parallelcomp.retrieval.heads import best_heads
from parallelcomp.scoring import ChunkScore, Question, score

from .reference import plain_forward
from .test_attention import MODULE, states
from .tiny import CONFIGS, PREFIX, QUESTION, Pair, chunks_of, pair, read_prefix, tokens
from .tiny import read as read_chunks

LIMITED = ["gemma3 6/2", "gpt_oss 8/2", "olmo3 sliding 6/2", "qwen2 window in two layers of three"]
QUESTIONS = (QUESTION, Question(tokens(1, 7), tokens(30, 8)), Question(tokens(3, 9), tokens(12, 10), tokens(1, 11)))


def naive(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    scale: float,
    *,
    padding: list[int],
    window: int | None,
    sinks: Tensor | None,
    positions: Tensor,
) -> Tensor:
    """One query at a time in fp64; `positions` (batch, kv_heads, keys). The shape is that of `attend`."""
    batch, heads, queries, head_dim = query.shape
    keys, group = key.shape[2], heads // key.shape[1]
    out = torch.zeros(batch, queries, heads, head_dim, dtype=torch.float64)
    for b in range(batch):
        for h in range(heads):
            at = positions[b, h // group]
            for q in range(queries):
                own = keys - queries + q
                seen = [k for k in range(padding[b], own + 1) if window is None or at[k] > at[own] - window]
                weights = (key[b, h // group, seen].double() @ query[b, h, q].double() * scale).exp()
                total = weights.sum() + (0 if sinks is None else sinks[h].double().exp())
                out[b, q, h] = (weights / total) @ value[b, h // group, seen].double()
    return out.float()


@pytest.mark.parametrize("sinks", [False, True])
@pytest.mark.parametrize("window", [None, 1, 7])
@pytest.mark.parametrize("padding", [None, [0, 5]])
@pytest.mark.parametrize(("queries", "keys"), [(1, 30), (4, 30), (23, 23), (21, 30)])
def test_a_window_and_sinks_equal_one_query_at_a_time(
    queries: int,
    keys: int,
    padding: list[int] | None,
    window: int | None,
    sinks: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Within one block of queries and over several."""
    monkeypatch.setattr("parallelcomp.attention.attention.BLOCK_QUERIES", 8)
    query, key, value = states(2, 2, 3, queries, keys)
    if queries == keys and padding:
        padding = [0, 0]  # otherwise some queries would be padding themselves
    logits = torch.randn(6) if sinks else None
    slots = torch.arange(keys).expand(2, 2, -1)
    asked = AttentionPass(padding=None if padding is None else torch.tensor(padding))
    got, _ = attend(MODULE, query, key, value, None, 0.3, attention_pass=asked, sliding_window=window, s_aux=logits)
    expected = naive(
        query, key, value, 0.3, padding=padding or [0, 0], window=window, sinks=logits, positions=slots
    )
    torch.testing.assert_close(got, expected, atol=1e-5, rtol=0)


def test_a_window_goes_by_positions_where_they_are_given() -> None:
    """They differ between KV heads, as after eviction, and lie far apart."""
    query, key, value = states(1, 2, 2, 3, 12)
    context = torch.stack([torch.randperm(40)[:9].sort().values for _ in range(2)])
    positions = torch.cat([context, torch.arange(45, 48).expand(2, -1)], dim=1)[None]
    asked = AttentionPass(key_positions=lambda _layer, _keys: positions)
    got, _ = attend(MODULE, query, key, value, None, 0.3, attention_pass=asked, sliding_window=20)
    expected = naive(query, key, value, 0.3, padding=[0], window=20, sinks=None, positions=positions)
    torch.testing.assert_close(got, expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize("family", CONFIGS)
def test_the_spec_says_which_window_each_layer_asks_for(family: str) -> None:
    """A window as long as the model's own is none."""
    one = pair(family)
    asked: list[int | None] = []

    def recording(_module: Any, query: Tensor, *_: Any, sliding_window: int | None = None, **__: Any) -> Any:
        asked.append(sliding_window)
        return query.transpose(1, 2), None

    AttentionInterface.register("recording", recording)
    one.plain.set_attn_implementation("recording")
    with torch.inference_mode():
        one.plain.model(torch.tensor([PREFIX]))
    short = tuple(window if window is None or window < one.spec.window else None for window in asked)
    assert one.spec.sliding_windows == short
    assert one.spec.sinks == any("sinks" in name for name, _ in one.plain.named_parameters())


@pytest.mark.parametrize("family", LIMITED)
def test_questions_together_equal_each_alone(family: str, device: torch.device) -> None:
    """NLLs and observed attention, of questions shorter and longer than the window."""
    one = pair(family, device)
    prefix = read_prefix(one)
    stored = read_chunks(one, prefix, chunks_of(31, 1, 64))
    together = list(score_many(one.loaded, prefix, stored, QUESTIONS, batch=6, windows=[4, 4, 4]))
    for owner, question in enumerate(QUESTIONS):
        alone = {s.index: s for s in score(one.loaded, prefix, stored, question, batch=5, observation_window=4)}
        for scores in together:
            got, expected = scores[owner], alone[scores[owner].index]
            assert got.token_nll == pytest.approx(expected.token_nll, abs=1e-4)
            assert got.attention is not None
            assert expected.attention is not None
            torch.testing.assert_close(got.attention, expected.attention, atol=1e-5, rtol=0)


@pytest.mark.parametrize("family", LIMITED)
@pytest.mark.parametrize("composition", [Composition.MIXTURE, Composition.REREAD])
def test_the_other_compositions_equal_plain_passes(family: str, composition: Composition) -> None:
    """A chunk of a mixture, padded beside a longer one, predicts as it does alone; re-reading is one plain pass."""
    one = pair(family)
    prefix = read_prefix(one)
    stored = read_chunks(one, prefix, chunks_of(23, 61))
    kept = [(chunk, ChunkScore(chunk.chunk.index, 1.0, (1.0,))) for chunk in stored]
    state = compose(one.loaded, prefix, kept, EngineConfig(composition=composition), room=30)
    log_probs = state.step(QUESTION.all_ids)
    first, second = (chunk.chunk.token_ids for chunk in stored)
    alike = [[*first, *second]] if composition is Composition.REREAD else [first, second]
    each = [
        plain_forward(one.plain, [*PREFIX, *ids, *QUESTION.all_ids]).log_probs[-1].exp().mul(1 / len(alike))
        for ids in alike
    ]
    torch.testing.assert_close(log_probs, torch.stack(each).sum(dim=0).log(), atol=1e-3, rtol=0)


@pytest.mark.parametrize("family", LIMITED)
def test_a_sequence_that_is_left_alone_keeps_its_positions(family: str) -> None:
    """The longest of a batch ends first; the shorter one's padding stays."""
    one = pair(family)
    prefix = read_prefix(one)
    stored = read_chunks(one, prefix, chunks_of(23, 61))
    context = batch_context(one.loaded, prefix, stored, 20)
    asked = torch.tensor([QUESTION.all_ids])
    with torch.inference_mode():
        forward(one.loaded, context, asked.expand(2, -1))
        context.keep_sequences([0])
        logits = forward(one.loaded, context, torch.tensor([[7]]))
    ids = [*PREFIX, *stored[0].chunk.token_ids, *QUESTION.all_ids, 7]
    expected = plain_forward(one.plain, ids).log_probs[-1]
    torch.testing.assert_close(logits[0].log_softmax(-1), expected, atol=1e-4, rtol=0)


@pytest.mark.parametrize("family", LIMITED)
def test_the_queries_of_a_scan_see_the_prefix_by_its_distance(family: str) -> None:
    """The question stands behind a long chunk that is not there, so sliding layers see little of the prefix."""
    one = pair(family)
    behind, ids = 22, [*QUESTION.preamble, *QUESTION.ids]
    at = torch.tensor([*range(len(PREFIX)), *range(len(PREFIX) + behind, len(PREFIX) + behind + len(ids))])
    seen: list[Tensor] = []

    def recording(
        module: Any,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        _mask: Any,
        scaling: float,
        sliding_window: int | None = None,
        s_aux: Tensor | None = None,
        **_: Any,
    ) -> tuple[Tensor, None]:
        seen.append(query[0, :, -len(QUESTION.ids) :] * scaling)
        positions = at.expand(1, key.shape[1], -1)
        limits: dict[str, Any] = {"window": sliding_window, "sinks": s_aux}
        return naive(query, key, value, scaling, padding=[0], positions=positions, **limits), None

    AttentionInterface.register("recording", recording)
    one.plain.set_attn_implementation("recording")
    with torch.inference_mode():
        one.plain.model(torch.tensor([[*PREFIX, *ids]]), position_ids=at[None], use_cache=False)
    heads = tuple(QueryHead(layer, 1) for layer in range(one.spec.layers))
    engine = Engine(one.loaded, PREFIX, EngineConfig(chunk_tokens=64))
    retrieval = RetrievalHeads(one.spec.fingerprint, heads)
    (chunk,) = read_chunks(one, engine.prefix, chunks_of(behind))
    found = engine.head_queries([engine.scan_keys(chunk.kv, retrieval)], QUESTION, retrieval)
    for head in heads:
        torch.testing.assert_close(found[head], seen[head.layer][1], atol=1e-4, rtol=0)


def test_retrieval_heads_are_none_of_sliding_layers() -> None:
    ranks = torch.tensor([[[1, 1], [2, 3], [1, 2]]])  # one question, three layers, two heads
    assert best_heads(ranks, 2, layers=[1, 2]) == (QueryHead(2, 0), QueryHead(1, 0))


def test_where_the_question_looks_is_said_by_layers_that_see_everything() -> None:
    one = pair("gemma3 6/2")
    engine = Engine(one.loaded, PREFIX, EngineConfig(chunk_tokens=64))
    (chunk,) = read_chunks(one, engine.prefix, chunks_of(60))
    selection = engine.compress([chunk], [ChunkScore(0, 1.0, (1.0,))], QUESTION, 4)
    observer = engine.attribution_observer(selection)
    engine.attribute(selection, observer)
    looked = plain_forward(one.plain, [*PREFIX, *chunk.chunk.token_ids, *QUESTION.asked]).attentions
    paid = looked[[1, 3], :, -len(QUESTION.asked) :, len(PREFIX) : len(PREFIX) + 60]
    asked = paid.sum(dim=1).mean(dim=0) / one.spec.group
    own, before = asked[len(QUESTION.preamble) :].mean(dim=0), asked[: len(QUESTION.preamble)].mean(dim=0)
    torch.testing.assert_close(observer.by_token(60), own - before, atol=1e-4, rtol=0)


def clustered(one: Pair) -> None:
    heads = ClusteredHeads(one.spec.fingerprint, (2,) * one.spec.layers)
    Engine(one.loaded, PREFIX, EngineConfig(chunk_tokens=64, clustered_heads=heads))


def calibrated(one: Pair) -> None:
    calibration = Calibration(Region.SINK, LayerRange(0, 1))
    Engine(one.loaded, PREFIX, EngineConfig(chunk_tokens=64)).with_config(
        EngineConfig(chunk_tokens=64, calibration=calibration)
    )


def by_apb(one: Pair) -> None:
    next(read(one.loaded, APB(hosts=2), PREFIX, tokens(60), QUESTION, 4))


@pytest.mark.parametrize("family", ["gemma3 6/2", "gpt_oss 8/2"])
@pytest.mark.parametrize(
    "use", [clustered, calibrated, by_apb, lambda one: find_clusters(one.loaded, [tokens(20)])]
)
def test_what_such_a_model_cannot_do_is_refused_in_words(use: Any, family: str) -> None:
    what = "attention sinks" if family == "gpt_oss 8/2" else "sliding layers"
    with pytest.raises(UnsupportedModelError, match=f"not possible with a '.*' model, which has {what}"):
        use(pair(family))


def test_attention_that_is_to_be_computed_in_an_unknown_way_is_refused() -> None:
    query, key, value = states(1, 1, 1, 2, 2)
    attend(MODULE, query, key, value, None, softcap=None, position_ids=torch.arange(2))
    with pytest.raises(UnsupportedModelError, match="computed with softcap"):
        attend(MODULE, query, key, value, None, softcap=30.0)
