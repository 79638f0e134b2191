"""Several questions at once against the same questions one by one."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from transformers import LlamaConfig

from parallelcomp import (
    Cancelled,
    Engine,
    EngineConfig,
    Eviction,
    EvictionPolicy,
    KVPrecision,
    QuantizedKV,
    Question,
)
from parallelcomp.bifurcated import score_many
from parallelcomp.scoring import score

from .tiny import PREFIX, QUESTION, Pair, chunks_of, pair, read, read_prefix, shape, tokens

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


def test_scoring_together_can_be_stopped() -> None:
    one = model("3")
    engine = Engine(one.loaded, PREFIX, EngineConfig(chunk_tokens=64, eviction=Eviction(kept_tokens=9999)))
    stored = read(one, engine.prefix, chunks_of(23, 41))
    memory = engine.plan(64, free=10**9)
    with pytest.raises(Cancelled):
        list(engine.score_many(stored, QUESTIONS, memory, lambda: True))
