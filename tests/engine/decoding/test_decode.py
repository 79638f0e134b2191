"""From log-probabilities to tokens: greedy, sampled, penalised, stopped and cancelled."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import islice

import pytest
import torch
from torch import Tensor

from parallelcomp import Cancelled, Composition, Context, EngineConfig, Sampling
from parallelcomp.attention.attention import Observer
from parallelcomp.context.composition import compose
from parallelcomp.decoding.decode import decode
from parallelcomp.decoding.next_token import AnswerState
from parallelcomp.scoring import ChunkScore

from ..reference import plain_forward
from ..tiny import PREFIX, QUESTION, Pair, chunks_of, pair, read, read_prefix

NOTHING: frozenset[int] = frozenset()
CHUNK = chunks_of(33)[0]


def answering(one: Pair) -> AnswerState:
    prefix = read_prefix(one)
    (stored,) = read(one, prefix, [CHUNK])
    return compose(one.loaded, prefix, [(stored, ChunkScore(0, 1.0, (1.0,)))], EngineConfig(), room=64)


def answer(one: Pair, sampling: Sampling, stop_ids: frozenset[int] = NOTHING) -> list[int]:
    return list(decode(answering(one), QUESTION.all_ids, sampling, stop_ids))


class Constant:
    """An answer state that always predicts the same, and records the tokens of every step."""

    def __init__(self, *probabilities: float) -> None:
        self.log_probs = torch.tensor(probabilities).log()
        self.steps: list[list[int]] = []

    @property
    def context(self) -> Context:
        raise NotImplementedError

    def step(
        self,
        token_ids: Sequence[int],
        observer: Observer | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> Tensor:
        self.steps.append(list(token_ids))
        return self.log_probs


@pytest.mark.parametrize("family", ["smollm 9/3 tied", "qwen2 7/1", "olmo2 6/3"])
def test_greedy_equals_plain_generate(family: str, device: torch.device) -> None:
    one = pair(family, device)
    got = answer(one, Sampling(max_new_tokens=12))
    ids = torch.tensor([[*PREFIX, *CHUNK.token_ids, *QUESTION.all_ids]], device=device)
    out = one.plain.generate(
        ids, attention_mask=torch.ones_like(ids), max_new_tokens=12, do_sample=False, pad_token_id=0
    )
    assert got == out[0, ids.shape[1] :].tolist()
    assert len(set(got)) > 2  # not one token for ever, which wrong code could also say


def test_the_same_seed_gives_the_same_answer_and_another_one_another() -> None:
    one = pair()
    first, again, other = (
        answer(one, Sampling(temperature=1.0, top_p=0.95, max_new_tokens=12, seed=seed)) for seed in (3, 3, 4)
    )
    assert first == again
    assert first != other


def test_sampling_neither_uses_nor_moves_the_global_random_state() -> None:
    one = pair()
    sampling = Sampling(temperature=1.5, max_new_tokens=8)
    torch.manual_seed(1)
    first = answer(one, sampling)
    after = torch.rand(1)
    torch.manual_seed(1)
    assert torch.equal(torch.rand(1), after)
    assert answer(one, sampling) == first


def test_a_tiny_nucleus_is_greedy() -> None:
    one = pair()
    greedy = answer(one, Sampling(max_new_tokens=12))
    assert answer(one, Sampling(temperature=1.0, top_p=1e-6, max_new_tokens=12)) == greedy
    assert answer(one, Sampling(temperature=1e-4, max_new_tokens=12)) == greedy


def test_temperature_and_nucleus_shape_the_distribution() -> None:
    """P ~ p^(1/T): at T = 0.5, probabilities .5 .3 .2 become .66 .24 .11; a nucleus of 0.7 drops the last."""
    state = Constant(0.5, 0.3, 0.2)
    cold = Counter(decode(state, [0], Sampling(temperature=0.5, max_new_tokens=3000), NOTHING))
    squared = [0.25, 0.09, 0.04]
    for token, weight in enumerate(squared):
        assert cold[token] / 3000 == pytest.approx(weight / sum(squared), abs=0.04)
    nucleus = Counter(decode(state, [0], Sampling(temperature=1.0, top_p=0.7, max_new_tokens=2000), NOTHING))
    assert set(nucleus) == {0, 1}
    assert nucleus[0] / 2000 == pytest.approx(0.5 / 0.8, abs=0.04)


def test_repetition_penalty_equals_its_definition() -> None:
    """The log-probability of every token already in the answer is multiplied by the penalty, then argmax."""
    one = pair()
    penalty = 1.8
    ids = [*PREFIX, *CHUNK.token_ids, *QUESTION.all_ids]
    expected: list[int] = []
    for _ in range(12):
        scores = plain_forward(one.plain, [*ids, *expected]).log_probs[-1]
        for token in set(expected):
            scores[token] *= penalty
        expected.append(int(scores.argmax()))
    got = answer(one, Sampling(repetition_penalty=penalty, max_new_tokens=12))
    assert got == expected
    assert got != answer(one, Sampling(max_new_tokens=12))


def test_a_stop_id_ends_the_answer_and_is_not_said() -> None:
    one = pair()
    whole = answer(one, Sampling(max_new_tokens=12))
    stop = next(token for token in whole[3:] if token not in whole[:3])
    assert answer(one, Sampling(max_new_tokens=12), frozenset({stop, 999})) == whole[: whole.index(stop)]
    assert answer(one, Sampling(max_new_tokens=12), frozenset({whole[0]})) == []


@pytest.mark.parametrize("limit", [1, 2, 7])
def test_the_limit_is_reached_without_a_forward_too_many(limit: int) -> None:
    state = Constant(0.6, 0.4)
    assert list(decode(state, [5, 6], Sampling(max_new_tokens=limit), NOTHING)) == [0] * limit
    assert state.steps == [[5, 6]] + [[0]] * (limit - 1)


def test_tokens_are_drawn_as_they_are_asked_for() -> None:
    """Nothing runs before the first token is taken, and then only what the next token needs."""
    state = Constant(0.6, 0.4)
    stream = decode(state, [5], Sampling(max_new_tokens=10), NOTHING)
    assert state.steps == []
    for taken in range(1, 4):
        assert next(stream) == 0
        assert len(state.steps) == taken


class Switch:
    """Returns False for the first `polls` calls and True from there on."""

    def __init__(self, polls: int) -> None:
        self.polls, self.asked = polls, 0

    def __call__(self) -> bool:
        self.asked += 1
        return self.asked > self.polls


@pytest.mark.parametrize("polls", [0, 1, 2])
def test_cancelling_stops_in_the_middle_of_the_questions_pass(polls: int) -> None:
    """As many layers have run as there were polls, and no token was yielded."""
    one = pair()
    seen: list[int] = []
    switch = Switch(polls)
    stream = decode(
        answering(one),
        QUESTION.all_ids,
        Sampling(),
        NOTHING,
        question_observer=lambda layer, *_: seen.append(layer),
        cancelled=switch,
    )
    with pytest.raises(Cancelled):
        next(stream)
    assert seen == list(range(polls))


def test_cancelling_stops_in_the_middle_of_an_answer_tokens_pass() -> None:
    """Polled once per layer of the question's pass, once between tokens, then in the answer's first layers."""
    one = pair()
    seen: list[int] = []
    stream = decode(
        answering(one),
        QUESTION.all_ids,
        Sampling(),
        NOTHING,
        answer_observer=lambda layer, *_: seen.append(layer),
        cancelled=Switch(one.spec.layers + 1 + 2),
    )
    next(stream)
    with pytest.raises(Cancelled):
        next(stream)
    assert seen == [0, 1]


def test_cancelling_between_tokens_keeps_what_was_said() -> None:
    one = pair()
    expected = answer(one, Sampling(max_new_tokens=12))
    stopped = False
    stream = decode(
        answering(one), QUESTION.all_ids, Sampling(max_new_tokens=12), NOTHING, cancelled=lambda: stopped
    )
    said = list(islice(stream, 4))
    stopped = True
    with pytest.raises(Cancelled):
        next(stream)
    assert said == expected[:4]


def test_every_poll_is_a_chance_to_stop() -> None:
    """Whenever the switch turns, the answer ends at once, without another poll."""
    one = pair()
    for polls in range(1, 12):
        switch = Switch(polls)
        with pytest.raises(Cancelled):
            list(decode(answering(one), QUESTION.all_ids, Sampling(), NOTHING, cancelled=switch))
        assert switch.asked == polls + 1


def test_the_observers_see_their_own_passes() -> None:
    one = pair()
    question: list[int] = []
    said: list[int] = []
    stream = decode(
        answering(one),
        QUESTION.all_ids,
        Sampling(max_new_tokens=3),
        NOTHING,
        question_observer=lambda _layer, query, *_: question.append(query.shape[2]),
        answer_observer=lambda _layer, query, *_: said.append(query.shape[2]),
    )
    assert len(list(stream)) == 3
    assert question == [len(QUESTION.all_ids)] * one.spec.layers
    assert said == [1] * (2 * one.spec.layers)


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"temperature": -0.1}, "temperature"),
        ({"temperature": float("nan")}, "temperature"),
        ({"temperature": float("inf")}, "temperature"),
        ({"top_p": 0.0}, "top_p"),
        ({"top_p": 1.1}, "top_p"),
        ({"repetition_penalty": 0.0}, "repetition_penalty"),
        ({"max_new_tokens": 0}, "max_new_tokens"),
    ],
)
def test_impossible_settings_are_refused_by_name(settings: dict[str, float], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        Sampling(**settings)  # type: ignore[arg-type]


@pytest.mark.parametrize("composition", Composition)
def test_every_composition_decodes_greedily_along_its_own_probabilities(composition: Composition) -> None:
    one = pair("phi3 6/2")
    prefix = read_prefix(one)
    kept = [(chunk, ChunkScore(i, 1.0, (1.0,))) for i, chunk in enumerate(read(one, prefix, chunks_of(20, 31)))]
    config = EngineConfig(composition=composition)
    got = list(
        decode(compose(one.loaded, prefix, kept, config, 40), QUESTION.all_ids, Sampling(max_new_tokens=6), NOTHING)
    )
    state = compose(one.loaded, prefix, kept, config, 40)
    expected = [int(state.step(QUESTION.all_ids).argmax())]
    while len(expected) < 6:
        expected.append(int(state.step(expected[-1:]).argmax()))
    assert got == expected
