"""The question's self-information given each chunk, against plain passes over prefix, chunk and question."""

from __future__ import annotations

import pytest
import torch

from parallelcomp import Cancelled, Engine, EngineConfig, Question
from parallelcomp.scoring import score, score_batch

from .reference import observed, question_nll
from .tiny import CONFIGS, PREFIX, QUESTION, chunks_of, dense, pair, read, read_prefix, tokens

LENGTHS = (31, 1, 64, 17, 17)


@pytest.mark.parametrize("family", CONFIGS)
def test_a_batch_of_unequal_chunks_equals_plain_passes(family: str, device: torch.device) -> None:
    one = pair(family, device)
    prefix = read_prefix(one)
    stored = read(one, prefix, chunks_of(*LENGTHS))
    results = score_batch(one.loaded, prefix, [chunk.kv for chunk in stored], QUESTION, observation_window=4)
    unobserved = score_batch(one.loaded, prefix, [chunk.kv for chunk in stored], QUESTION)
    question = (*QUESTION.preamble, *QUESTION.ids)
    for chunk, (nll, attention), (same, none) in zip(stored, results, unobserved, strict=True):
        assert same == pytest.approx(nll, abs=1e-5)
        assert none is None
        ids = chunk.chunk.token_ids
        expected = question_nll(one.plain, (*PREFIX, *ids, *QUESTION.preamble), QUESTION.ids)
        torch.testing.assert_close(torch.tensor(nll), torch.tensor(expected), atol=1e-4, rtol=0)
        assert attention is not None
        torch.testing.assert_close(attention, observed(one.plain, PREFIX, ids, question, last=4), atol=1e-5, rtol=0)


@pytest.mark.parametrize("window", [None, 3])
def test_the_batch_size_changes_nothing(window: int | None, device: torch.device) -> None:
    one = pair(device=device)
    prefix = read_prefix(one)
    stored = read(one, prefix, chunks_of(*LENGTHS))
    alone, some, all_at_once = (
        sorted(
            score(one.loaded, prefix, stored, QUESTION, batch=batch, observation_window=window),
            key=lambda s: s.index,
        )
        for batch in (1, 2, 9)
    )
    assert [s.index for s in alone] == [0, 1, 2, 3, 4]
    for batched in (some, all_at_once):
        for left, right in zip(alone, batched, strict=True):
            assert left.index == right.index
            assert right.token_nll == pytest.approx(left.token_nll, abs=1e-5)
            assert (left.attention is None) == (right.attention is None) == (window is None)
            if left.attention is not None and right.attention is not None:
                assert right.attention.shape == (3, 3, LENGTHS[left.index])
                torch.testing.assert_close(right.attention, left.attention, atol=1e-5, rtol=0)


def test_nll_is_the_mean_over_the_question_alone() -> None:
    """Neither preamble nor suffix is scored, and the suffix is not even run."""
    one = pair()
    prefix = read_prefix(one)
    stored = read(one, prefix, chunks_of(20))
    (result,) = score(one.loaded, prefix, stored, QUESTION, batch=1)
    assert len(result.token_nll) == len(QUESTION.ids)
    assert result.nll == pytest.approx(sum(result.token_nll) / len(QUESTION.ids))
    other_suffix = Question(QUESTION.preamble, QUESTION.ids, tokens(9, 5))
    assert next(score(one.loaded, prefix, stored, other_suffix, batch=1)) == result


@pytest.mark.parametrize(("preamble", "ids"), [(1, 1), (1, 6), (4, 1)])
def test_the_shortest_questions(preamble: int, ids: int) -> None:
    one = pair("qwen2 7/1")
    prefix = read_prefix(one)
    stored = read(one, prefix, chunks_of(20, 33))
    question = Question(tokens(preamble, 1), tokens(ids, 2))
    for result in score(one.loaded, prefix, stored, question, batch=2):
        before = (*PREFIX, *stored[result.index].chunk.token_ids, *question.preamble)
        expected = question_nll(one.plain, before, question.ids)
        assert result.token_nll == pytest.approx(expected, abs=1e-4)


def test_an_observation_window_longer_than_the_question_sees_all_of_it() -> None:
    one = pair()
    prefix = read_prefix(one)
    (chunk,) = read(one, prefix, chunks_of(20))
    ((_, attention),) = score_batch(one.loaded, prefix, [chunk.kv], QUESTION, observation_window=50)
    question = (*QUESTION.preamble, *QUESTION.ids)
    expected = observed(one.plain, PREFIX, chunk.chunk.token_ids, question, last=len(question))
    assert attention is not None
    torch.testing.assert_close(attention, expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize("prefix", [PREFIX, ()])
def test_without_a_prefix_or_without_a_document(prefix: tuple[int, ...], device: torch.device) -> None:
    one = pair(device=device)
    engine = Engine(one.loaded, prefix, EngineConfig(chunk_tokens=64))
    expected = question_nll(one.plain, (*prefix, *QUESTION.preamble), QUESTION.ids)
    assert engine.score_without_document(QUESTION) == pytest.approx(expected, abs=1e-4)
    stored = read(one, engine.prefix, chunks_of(12, 30))
    for result in score(one.loaded, engine.prefix, stored, QUESTION, batch=2):
        before = (*prefix, *stored[result.index].chunk.token_ids, *QUESTION.preamble)
        assert result.token_nll == pytest.approx(question_nll(one.plain, before, QUESTION.ids), abs=1e-4)


def test_scoring_leaves_the_stored_kv_bit_equal() -> None:
    one = pair()
    prefix = read_prefix(one)
    stored = read(one, prefix, chunks_of(20, 50, 3))
    before = [dense(chunk).clone() for chunk in stored]
    list(score(one.loaded, prefix, stored, QUESTION, batch=3, observation_window=8))
    for chunk, kept in zip(stored, before, strict=True):
        assert torch.equal(dense(chunk), kept)


def test_scores_arrive_batch_by_batch() -> None:
    """Nothing is computed ahead: the second batch has not begun when the first score is taken."""
    one = pair()
    prefix = read_prefix(one)
    stored = read(one, prefix, chunks_of(20, 21, 22, 23))
    polls = 0

    def never() -> bool:
        nonlocal polls
        polls += 1
        return False

    scores = score(one.loaded, prefix, stored, QUESTION, batch=2, cancelled=never)
    next(scores)
    assert polls == one.spec.layers
    list(scores)
    assert polls == 2 * one.spec.layers


def test_cancelling_stops_in_the_middle_of_a_pass() -> None:
    one = pair()
    prefix = read_prefix(one)
    stored = read(one, prefix, chunks_of(20))
    polls = 0

    def cancelled() -> bool:
        nonlocal polls
        polls += 1
        return polls == 2

    with pytest.raises(Cancelled):
        list(score(one.loaded, prefix, stored, QUESTION, batch=1, cancelled=cancelled))
    assert polls == 2


@pytest.mark.parametrize(("preamble", "ids"), [((), (1,)), ((1,), ())])
def test_a_question_without_preamble_or_tokens_is_refused(preamble: tuple[int, ...], ids: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="at least one"):
        Question(preamble, ids)
