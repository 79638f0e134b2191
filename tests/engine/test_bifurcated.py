"""Several questions at once against the same questions one by one."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from transformers import LlamaConfig

from parallelcomp import (
    Calibration,
    Cancelled,
    Composition,
    Engine,
    EngineConfig,
    Eviction,
    EvictionPolicy,
    KVPrecision,
    LayerRange,
    QuantizedKV,
    Question,
    Region,
    Sampling,
    WindowError,
    decode_many,
)
from parallelcomp.bifurcated import score_many
from parallelcomp.scoring import score

from .tiny import CONFIGS, PREFIX, QUESTION, Pair, chunks_of, pair, read, read_prefix, shape, tokens

LENGTHS = (31, 1, 64, 17, 17)
QUESTIONS = (QUESTION, Question(tokens(1, 7), tokens(1, 8)), Question(tokens(3, 9), tokens(12, 10), tokens(1, 11)))
GROUPS = {"1": (4, 4), "3": (9, 3), "4": (8, 2)}


def model(group: str, device: torch.device | str = "cpu") -> Pair:
    return pair(LlamaConfig(**shape(*GROUPS[group])), device)


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("batch", [1, 2, 6, 50])
def test_scores_together_are_those_of_each_question_alone(group: str, batch: int, device: torch.device) -> None:
    """NLLs and observed attention, whatever number of chunks and questions go in one pass."""
    one = model(group, device)
    prefix = read_prefix(one)
    stored = read(one, prefix, chunks_of(*LENGTHS))
    together = list(score_many(one.loaded, prefix, stored, QUESTIONS, batch=batch, windows=[4, 4, 4]))
    assert sorted(scores[0].index for scores in together) == [0, 1, 2, 3, 4]
    for owner, question in enumerate(QUESTIONS):
        alone = {s.index: s for s in score(one.loaded, prefix, stored, question, batch=5, observation_window=4)}
        for scores in together:
            got, expected = scores[owner], alone[scores[owner].index]
            assert got.token_nll == pytest.approx(expected.token_nll, abs=1e-4)
            assert got.nll == pytest.approx(expected.nll, abs=1e-4)
            assert got.attention is not None
            assert expected.attention is not None
            torch.testing.assert_close(got.attention, expected.attention, atol=1e-5, rtol=0)


@pytest.mark.parametrize("policy", EvictionPolicy)
def test_every_policy_observes_together_what_it_observes_alone(policy: EvictionPolicy) -> None:
    one = model("3")
    eviction = Eviction(capacity=12, observation_window=4, policy=policy)
    engine = Engine(one.loaded, PREFIX, EngineConfig(chunk_tokens=64, eviction=eviction))
    stored = read(one, engine.prefix, chunks_of(*LENGTHS))
    memory = dataclasses.replace(engine.plan(130, free=10**9), score_batch=9)
    together = list(engine.score_many(stored, QUESTIONS, memory))
    for owner, question in enumerate(QUESTIONS):
        alone = {s.index: s for s in engine.score(stored, question, memory)}
        for scores in together:
            got, expected = scores[owner].attention, alone[scores[owner].index].attention
            assert (got is None) == (expected is None) == (policy is EvictionPolicy.STREAMING_LLM)
            if got is not None and expected is not None:
                torch.testing.assert_close(got, expected, atol=1e-4, rtol=0)


@pytest.mark.parametrize("family", CONFIGS)
def test_answers_together_are_the_answers_one_by_one(family: str, device: torch.device) -> None:
    """Every family, in fp32: the same tokens, whoever ends first."""
    one = pair(family, device)
    engine = Engine(one.loaded, PREFIX, EngineConfig(chunk_tokens=64, eviction=Eviction(kept_tokens=9999)))
    stored = read(one, engine.prefix, chunks_of(23, 41, 9))
    memory = engine.plan(73, free=10**9)
    kept = [engine.select(stored, engine.score(stored, question, memory)) for question in QUESTIONS]
    sampling = Sampling(max_new_tokens=7)
    alone = [
        list(engine.generate(engine.compress(stored, scores, question, 7), sampling, frozenset()))
        for scores, question in zip(kept, QUESTIONS, strict=True)
    ]
    stop = frozenset({alone[1][3]})
    ended = [answer[: answer.index(alone[1][3])] if alone[1][3] in answer else answer for answer in alone]
    for stop_ids, expected in ((frozenset[int](), alone), (stop, ended)):
        state = engine.compress_many(stored, kept, QUESTIONS, 7)
        assert state is not None
        answers: list[list[int]] = [[], [], []]
        for owner, token in decode_many(state, QUESTIONS, sampling, stop_ids):
            answers[owner].append(token)
        assert answers == expected


def test_sampling_draws_for_each_question_what_it_draws_alone() -> None:
    one = model("3")
    engine = Engine(one.loaded, PREFIX, EngineConfig(chunk_tokens=64, eviction=Eviction(kept_tokens=9999)))
    stored = read(one, engine.prefix, chunks_of(23, 41))
    kept = engine.select(stored, engine.score(stored, QUESTION, engine.plan(64, free=10**9)))
    sampling = Sampling(temperature=0.8, top_p=0.9, repetition_penalty=1.3, max_new_tokens=6, seed=5)
    state = engine.compress_many(stored, [kept] * 3, QUESTIONS, 6)
    assert state is not None
    together = list(decode_many(state, QUESTIONS, sampling, frozenset()))
    for owner, question in enumerate(QUESTIONS):
        selection = engine.compress(stored, kept, question, 6)
        expected = list(engine.generate(selection, sampling, frozenset()))
        assert [token for other, token in together if other == owner] == expected


def test_each_stored_chunk_is_read_once_for_all_questions(monkeypatch: pytest.MonkeyPatch) -> None:
    one = model("3")
    prefix = read_prefix(one)
    stored = read(one, prefix, chunks_of(20, 33), KVPrecision.INT8)
    reads: list[int] = []
    plain = QuantizedKV.read

    def counted(self: QuantizedKV, layer: int, keys: torch.Tensor, values: torch.Tensor) -> None:
        reads.append(layer)
        plain(self, layer, keys, values)

    monkeypatch.setattr(QuantizedKV, "read", counted)
    assert len(list(score_many(one.loaded, prefix, stored, QUESTIONS, batch=6))) == 2
    assert sorted(reads) == [0, 0, 1, 1, 2, 2]


def test_a_context_is_shared_only_where_it_is_the_same_for_all() -> None:
    one = model("3")
    whole = EngineConfig(chunk_tokens=64, eviction=Eviction(kept_tokens=9999))
    engine = Engine(one.loaded, PREFIX, whole)
    stored = read(one, engine.prefix, chunks_of(23, 41))
    scores = sorted(engine.score(stored, QUESTION, engine.plan(64, free=10**9)), key=lambda s: s.index)
    assert engine.compress_many(stored, [scores] * 3, QUESTIONS, 4) is not None
    assert engine.compress_many(stored, [scores, scores[:1], scores], QUESTIONS, 4) is None
    assert engine.compress_many(stored, [[], [], []], QUESTIONS, 4) is None
    for settings in (
        {"eviction": Eviction(kept_tokens=9999, capacity=30)},
        {"composition": Composition.REREAD},
        {"calibration": Calibration(Region.SINK, LayerRange(0, 1))},
    ):
        other = engine.with_config(dataclasses.replace(whole, **settings))  # type: ignore[arg-type]
        assert other.compress_many(stored, [scores] * 3, QUESTIONS, 4) is None
    with pytest.raises(WindowError):
        engine.compress_many(stored, [scores] * 3, QUESTIONS, 500)


def test_scoring_and_answering_together_can_be_stopped() -> None:
    one = model("3")
    engine = Engine(one.loaded, PREFIX, EngineConfig(chunk_tokens=64, eviction=Eviction(kept_tokens=9999)))
    stored = read(one, engine.prefix, chunks_of(23, 41))
    memory = engine.plan(64, free=10**9)
    with pytest.raises(Cancelled):
        list(engine.score_many(stored, QUESTIONS, memory, lambda: True))
    kept = engine.select(stored, engine.score(stored, QUESTION, memory))
    state = engine.compress_many(stored, [kept] * 3, QUESTIONS, 4)
    assert state is not None
    answers = decode_many(state, QUESTIONS, Sampling(max_new_tokens=4), frozenset(), lambda: bool(drawn))
    drawn: list[tuple[int, int]] = []
    drawn.append(next(answers))
    with pytest.raises(Cancelled):
        list(answers)
