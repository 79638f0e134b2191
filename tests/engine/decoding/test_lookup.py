"""Decoding by copying: what is guessed, and that the answer is the same from fewer passes."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch
from torch import Tensor
from transformers import LlamaConfig

from parallelcomp import Cancelled, Engine, EngineConfig, Sampling
from parallelcomp.attention.attention import Cancel, Observer
from parallelcomp.context.composition import SingleState
from parallelcomp.decoding.decode import decode, decode_by_lookup
from parallelcomp.decoding.lookup import GUESSED, Lookup
from parallelcomp.decoding.weights import FEW, DecodeLinear, can_quantize_decode, quantize_decode

from ..tiny import pair, shape

NOTHING: frozenset[int] = frozenset()
PROMPT = tuple(torch.randint(10, 90, (40,), generator=torch.Generator().manual_seed(5)).tolist())
SAMPLINGS = {
    "greedy": Sampling(max_new_tokens=24),
    "drawn": Sampling(temperature=0.7, top_p=0.9, max_new_tokens=24, seed=3),
    "penalised": Sampling(repetition_penalty=1.3, max_new_tokens=24),
}
FAMILIES = ("smollm 9/3 tied", "qwen2 7/1")


def state_of(family: str, device: torch.device) -> SingleState:
    engine = Engine(pair(family, device).loaded, (), EngineConfig(chunk_tokens=64))
    state = engine.plain(PROMPT, 64).state
    assert isinstance(state, SingleState)
    return state


class Counting:
    """A state that counts its passes and notes how many tokens each took."""

    def __init__(self, state: SingleState) -> None:
        self._state, self.passes = state, list[int]()
        self.context = state.context

    def step(
        self, token_ids: Sequence[int], observer: Observer | None = None, cancelled: Cancel | None = None
    ) -> Tensor:
        self.passes.append(len(token_ids))
        return self._state.step(token_ids, observer, cancelled)

    def step_each(self, token_ids: Sequence[int], cancelled: Cancel | None = None) -> Tensor:
        self.passes.append(len(token_ids))
        return self._state.step_each(token_ids, cancelled)

    def take_back(self, tokens: int) -> None:
        self._state.take_back(tokens)


# What is guessed


def test_what_stood_behind_the_same_tokens_is_guessed() -> None:
    lookup = Lookup([1, 2, 3, 4, 5, 6, 7, 8])
    assert lookup.guess(9) == []
    lookup.append(2)
    assert lookup.guess(9) == []  # one token alone is like too much
    lookup.append(3)
    assert lookup.guess(9) == [4, 5, 6]
    assert len(lookup.guess(9)) == GUESSED
    assert lookup.guess(2) == [4, 5]
    lookup.append(9)
    assert lookup.guess(9) == []


def test_the_latest_place_counts_and_the_answer_is_one() -> None:
    lookup = Lookup([1, 2, 3, 1, 2, 4])
    for token in (1, 2):
        lookup.append(token)
    assert lookup.guess(1) == [4]
    for token in (7, 1, 2):
        lookup.append(token)
    assert lookup.guess(3) == [7, 1, 2]


def test_the_end_of_the_source_and_the_beginning_of_the_answer_are_no_place() -> None:
    lookup = Lookup([1, 2, 3])
    for token in (4, 5, 3, 4):
        lookup.append(token)
    assert lookup.guess(1) == []


# The answer is the same


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("name", SAMPLINGS)
def test_the_answer_is_that_of_one_token_at_a_time(name: str, family: str, device: torch.device) -> None:
    """The source is the answer with some tokens changed, so that guesses come true, partly true and wrong."""
    sampling = SAMPLINGS[name]
    expected = list(decode(state_of(family, device), [3], sampling, NOTHING))
    source = [token if index % 7 else 1 for index, token in enumerate(expected, 3)]
    counting = Counting(state_of(family, device))
    got = list(decode_by_lookup(counting, [3], sampling, NOTHING, Lookup(source)))
    assert got == expected
    assert len(set(expected)) > 3
    assert len(counting.passes) < len(expected)
    assert any(count > 1 for count in counting.passes)


def test_the_context_is_left_as_if_the_answer_alone_had_been_appended(device: torch.device) -> None:
    sampling = SAMPLINGS["greedy"]
    plain, guessing = (state_of(FAMILIES[0], device) for _ in range(2))
    expected = list(decode(plain, [3], sampling, NOTHING))
    wrong = [token if index % 3 else 1 for index, token in enumerate(expected)]
    assert list(decode_by_lookup(guessing, [3], sampling, NOTHING, Lookup(wrong))) == expected
    assert guessing.context.next_position.tolist() == plain.context.next_position.tolist()
    for one, other in zip(guessing.context.cache.layers, plain.context.cache.layers, strict=True):
        torch.testing.assert_close(one.used[0], other.used[0], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("at", range(1, 9))
def test_it_ends_at_a_stop_id_wherever_it_was_guessed(at: int, device: torch.device) -> None:
    sampling = SAMPLINGS["greedy"]
    whole = list(decode(state_of(FAMILIES[0], device), [3], sampling, NOTHING))
    stop = frozenset({whole[at]})
    expected = list(decode(state_of(FAMILIES[0], device), [3], sampling, stop))
    assert list(decode_by_lookup(state_of(FAMILIES[0], device), [3], sampling, stop, Lookup(whole))) == expected


@pytest.mark.parametrize("longest", range(1, 8))
def test_it_is_no_longer_than_it_may_be(longest: int, device: torch.device) -> None:
    whole = list(decode(state_of(FAMILIES[0], device), [3], SAMPLINGS["greedy"], NOTHING))
    counting = Counting(state_of(FAMILIES[0], device))
    got = list(decode_by_lookup(counting, [3], Sampling(max_new_tokens=longest), NOTHING, Lookup(whole)))
    assert got == whole[:longest]
    assert sum(counting.passes) == longest  # the question's one token, and the answer's but its last


def test_it_stops_between_passes(device: torch.device) -> None:
    cancelled = iter([False] * 12 + [True] * 1000)
    stream = decode_by_lookup(
        state_of(FAMILIES[0], device),
        [3],
        SAMPLINGS["greedy"],
        NOTHING,
        Lookup([1, 2]),
        cancelled=lambda: next(cancelled),
    )
    with pytest.raises(Cancelled):
        list(stream)


# As the engine uses it


def test_the_engine_copies_on_a_cpu_where_it_is_told_from_what(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine(pair(FAMILIES[0]).loaded, (), EngineConfig(chunk_tokens=64))
    sampling = SAMPLINGS["greedy"]
    expected = list(engine.generate(engine.plain(PROMPT, 24), sampling, NOTHING))
    taken = list[int]()
    step_each = SingleState.step_each
    monkeypatch.setattr(
        SingleState, "step_each", lambda self, ids, *rest: taken.append(len(ids)) or step_each(self, ids, *rest)
    )
    noted = list[Tensor]()
    answer = engine.generate(
        engine.plain(PROMPT, 24), sampling, NOTHING, copied_from=[*PROMPT, *expected], predicted=noted.append
    )
    assert list(answer) == expected
    assert max(taken) == GUESSED + 1
    assert int(noted[0].argmax()) == expected[0]
    assert len(noted) == 1


def test_no_pass_has_more_rows_than_the_kernel_for_8_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    """They would be multiplied by the weights as they are, and other tokens might be drawn."""
    loaded = pair(LlamaConfig(**shape(8, 2)), dtype=torch.bfloat16).loaded
    if not can_quantize_decode(loaded):
        pytest.skip("this torch has no kernel for decoding in 8 bits")
    engine = Engine(quantize_decode(loaded), (), EngineConfig(chunk_tokens=64))
    rows = list[int]()
    forward = DecodeLinear.forward
    monkeypatch.setattr(
        DecodeLinear, "forward", lambda self, seen: rows.append(seen.shape[-2]) or forward(self, seen)
    )
    expected = list(engine.generate(engine.plain(PROMPT, 24), SAMPLINGS["greedy"], NOTHING))
    assert set(rows) == {1}
    source = [token if index % 7 else 1 for index, token in enumerate(expected, 3)]
    list(engine.generate(engine.plain(PROMPT, 24), SAMPLINGS["greedy"], NOTHING, copied_from=source))
    assert max(rows) == FEW
