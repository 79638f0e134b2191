"""One question to every chunk by itself, in batches, against the same question to one chunk after another."""

from __future__ import annotations

import pytest
import torch

from parallelcomp import (
    Cancelled,
    Chunk,
    Engine,
    EngineConfig,
    KVPrecision,
    Question,
    ReplyRequest,
    Sampling,
    WindowError,
)

from .tiny import CONFIGS, KINDS, PREFIX, QUESTION, chunks_of, pair, tokens

LENGTHS = (31, 1, 64, 17, 17)
LONGEST = 12


def alone(engine: Engine, chunk: Chunk, longest: int, stop_ids: frozenset[int]) -> list[int]:
    """Answer from one chunk by the way that an ordinary answer takes."""
    question = Question(QUESTION.all_ids[:-1], QUESTION.all_ids[-1:])
    selection = engine.reread([chunk], question, longest)
    sampling = Sampling(temperature=0.0, max_new_tokens=longest)
    return list(engine.generate(selection, sampling, stop_ids))


@pytest.mark.parametrize(
    ("family", "batch"), [(name, 2) for name in CONFIGS] + [(name, batch) for name in KINDS for batch in (1, 8)]
)
def test_every_chunk_says_what_it_says_alone(family: str, batch: int, device: torch.device) -> None:
    engine = Engine(
        pair(family, device).loaded,
        PREFIX,
        EngineConfig(chunk_tokens=64, precision=KVPrecision.FP32, prefill_batch=3),
    )
    chunks = chunks_of(*LENGTHS)
    memory = engine.plan(sum(LENGTHS))
    object.__setattr__(memory, "reply_batch", batch)
    never = frozenset[int]()
    to_the_end = [alone(engine, one, LONGEST, never) for one in chunks]
    # A token that ends some replies early, and not all at once.
    stop_ids = frozenset(to_the_end[0][2:3] + to_the_end[3][5:6])
    stopped = [alone(engine, one, LONGEST, stop_ids) for one in chunks]
    for stops, expected in ((never, to_the_end), (stop_ids, stopped)):
        read = list(engine.prefill(chunks, memory))
        replies = list(engine.reply_each(read, ReplyRequest(QUESTION.all_ids, LONGEST, stops), memory))
        assert [one.index for one in replies] == list(range(len(chunks)))
        assert [list(one.token_ids) for one in replies] == expected
        assert [one.cut_short for one in replies] == [len(one) == LONGEST for one in expected]


def test_replies_stop_when_they_are_cancelled_and_refuse_what_does_not_fit() -> None:
    engine = Engine(pair().loaded, PREFIX, EngineConfig(chunk_tokens=64))
    memory = engine.plan(sum(LENGTHS))
    read = list(engine.prefill(chunks_of(*LENGTHS), memory))
    asked = 0

    def soon() -> bool:
        nonlocal asked
        asked += 1
        return asked > 4

    replies = engine.reply_each(read, ReplyRequest(QUESTION.all_ids, 50), memory, soon)
    with pytest.raises(Cancelled):
        list(replies)
    assert asked == 5
    with pytest.raises(WindowError):
        engine.reply_each(read, ReplyRequest(tokens(engine.spec.window, 1), 1), memory)


def test_a_chunk_with_nothing_to_say_costs_one_token() -> None:
    engine = Engine(pair().loaded, PREFIX, EngineConfig(chunk_tokens=64, precision=KVPrecision.FP32))
    memory = engine.plan(sum(LENGTHS))
    read = list(engine.prefill(chunks_of(*LENGTHS), memory))

    def said(nothing: int | None) -> list[tuple[int, ...]]:
        request = ReplyRequest(QUESTION.all_ids, LONGEST, nothing=nothing)
        return [one.token_ids for one in engine.reply_each(read, request, memory)]

    everything = said(None)
    nothing = everything[2][0]
    assert said(nothing) == [() if one[0] == nothing else one for one in everything]
    later = next(token for one in everything for token in one if all(other[0] != token for other in everything))
    assert said(later) == everything  # only as the first token


def test_the_plan_says_how_many_chunks_answer_at_once() -> None:
    engine = Engine(pair().loaded, PREFIX, EngineConfig(chunk_tokens=64))
    assert engine.plan(1000).reply_batch == 8
    one = 64 * engine.spec.kv_bytes_per_token(4)
    assert engine.plan(1000, free=int(40 * one)).reply_batch < 8
    assert engine.plan(1000, free=1).reply_batch == 1
