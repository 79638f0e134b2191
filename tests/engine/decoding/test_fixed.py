"""Steps of fixed shapes say what ordinary steps say, and leave the context as those do.

A GPU replays a recorded step. Here it is computed anew each time, in the same tensors.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import Any

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from parallelcomp import Calibration, EngineConfig, LayerRange, Region, Sampling
from parallelcomp.context.composition import SingleState, compose
from parallelcomp.decoding.decode import BLOCK, Drawing, decode
from parallelcomp.decoding.fixed import FixedSteps, record_graph, run_again
from parallelcomp.kv.context import Context
from parallelcomp.scoring import ChunkScore

from ..tiny import KINDS, QUESTION, Pair, chunks_of, pair, read, read_prefix

GREEDY = Sampling(max_new_tokens=13)
DEFAULTS = EngineConfig()
NOTHING: frozenset[int] = frozenset()
CALIBRATED = EngineConfig(calibration=Calibration(regions=Region.SINK, layers=LayerRange(0.3, 0.7), threshold=0.01))


def answering(one: Pair, config: EngineConfig = DEFAULTS) -> SingleState:
    prefix = read_prefix(one)
    stored = read(one, prefix, chunks_of(33, 20))
    kept = [(chunk, ChunkScore(chunk.chunk.index, 1.0, (1.0,))) for chunk in stored]
    state = compose(one.loaded, prefix, kept, config, room=64)
    assert isinstance(state, SingleState)
    return state


def warmed(step: Callable[[], None], reset: Callable[[], None]) -> Callable[[], None]:
    """As a graph is recorded: the step runs before, and what it did is forgotten."""
    for _ in range(3):
        step()
        reset()
    return step


def both(
    one: Pair,
    sampling: Sampling,
    stop_ids: frozenset[int] = NOTHING,
    config: EngineConfig = DEFAULTS,
    taken: int | None = None,
) -> list[tuple[list[int], Context]]:
    """The first `taken` tokens of an answer and the context behind them, by ordinary and by fixed steps."""
    found = []
    for fixed in (False, True):
        state = answering(one, config)
        context = state.context
        make = (lambda context=context: FixedSteps(one.loaded, context, warmed)) if fixed else None
        stream = decode(state, QUESTION.all_ids, sampling, stop_ids, fixed=make)
        found.append((list(islice(stream, taken)), context))
        stream.close()
    return found


def lengths(context: Context) -> list[int]:
    return [layer.length for layer in context.cache.layers]


def assert_alike(ordinary: Context, fixed: Context) -> None:
    assert lengths(ordinary) == lengths(fixed)
    assert torch.equal(ordinary.next_position, fixed.next_position)
    for one, other in zip(ordinary.cache.layers, fixed.cache.layers, strict=True):
        for tensor, same in zip(one.used, other.used, strict=True):
            torch.testing.assert_close(same, tensor, atol=1e-4, rtol=0)


@pytest.mark.parametrize("family", ["smollm 9/3 tied", "qwen2 7/1", "granite 10/2"])
def test_a_greedy_answer_is_the_same(family: str) -> None:
    (expected, ordinary), (got, fixed) = both(pair(family), GREEDY)
    assert got == expected
    assert len(set(got)) > 2
    assert_alike(ordinary, fixed)


def test_layers_of_different_lengths_have_places_of_their_own() -> None:
    """Calibration has dropped tokens of some layers."""
    (expected, ordinary), (got, fixed) = both(pair(), GREEDY, config=CALIBRATED)
    assert len(set(lengths(ordinary))) > 1
    assert got == expected
    assert_alike(ordinary, fixed)


def test_a_sampled_answer_with_a_penalty_is_the_same() -> None:
    sampling = Sampling(temperature=0.9, top_p=0.95, repetition_penalty=1.3, max_new_tokens=13, seed=5)
    (expected, _), (got, _) = both(pair(), sampling)
    assert got == expected


@pytest.mark.parametrize("taken", [1, 2, 5, 6, 13])
def test_whoever_stops_early_finds_the_context_as_after_ordinary_steps(taken: int) -> None:
    (expected, ordinary), (got, fixed) = both(pair(), GREEDY, taken=taken)
    assert got == expected
    assert_alike(ordinary, fixed)


@pytest.mark.parametrize("place", [0, 1, 4, 6])
def test_a_stop_id_ends_the_answer_and_the_context(place: int) -> None:
    one = pair()
    whole = both(one, GREEDY)[0][0]
    place = next(at for at in range(place, len(whole)) if whole[at] not in whole[:at])
    (expected, ordinary), (got, fixed) = both(one, GREEDY, frozenset({whole[place]}))
    assert got == expected == whole[:place]
    assert_alike(ordinary, fixed)


def test_tokens_are_looked_at_in_blocks_and_none_is_computed_beyond_the_longest_answer() -> None:
    one = pair()
    state = answering(one)
    steps: list[int] = []

    def counted(step: Callable[[], None], reset: Callable[[], None]) -> Callable[[], None]:
        return lambda: (steps.append(1), step())[1]

    stream = decode(
        state, QUESTION.all_ids, GREEDY, NOTHING, fixed=lambda: FixedSteps(one.loaded, state.context, counted)
    )
    next(stream)
    assert len(steps) == 0
    next(stream)
    assert len(steps) == BLOCK
    list(islice(stream, BLOCK - 1))
    assert len(steps) == BLOCK
    list(stream)
    assert len(steps) == GREEDY.max_new_tokens - 1


class NoLookAtNumbers(TorchDispatchMode):
    """Refuses operations whose result, or its shape, the host would have to wait for: no graph can record them."""

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        assert function.__name__.partition(".")[0] not in {"_local_scalar_dense", "nonzero", "item", "is_nonzero"}
        return function(*args, **(kwargs or {}))


PLAIN = [name for name in KINDS if pair(name).spec.is_plain and name != "phi3 longrope 6/2"]


@pytest.mark.parametrize("family", [*PLAIN, "qwen3 15/5", "phi3 6/2", "olmo2 6/3", "granite 10/2"])
def test_a_step_never_waits_for_the_device(family: str) -> None:
    """Else a graph could not be recorded, and every token would cost a way to the host and back."""
    one = pair(family)
    state = answering(one)
    first = state.step(QUESTION.all_ids).argmax(dim=-1, keepdim=True)
    steps = FixedSteps(one.loaded, state.context, run_again)
    drawing = Drawing(Sampling(temperature=0.7, top_p=0.9, repetition_penalty=1.2), first.device)
    with NoLookAtNumbers():
        for _ in range(BLOCK):
            first = drawing.draw(steps(first))


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_recorded_step_is_the_step() -> None:
    one = pair("smollm 9/3 tied", "cuda")
    answers = []
    for record in (run_again, record_graph):
        state = answering(one)
        make = lambda: FixedSteps(one.loaded, state.context, record)  # noqa: B023, E731
        answers.append(list(decode(state, QUESTION.all_ids, GREEDY, NOTHING, fixed=make)))
    assert answers[0] == answers[1]
