"""The whole method against a slow one that is made of plain forward passes."""

from __future__ import annotations

import dataclasses
import math

import pytest
import torch

from parallelcomp import (
    Cancelled,
    Chunk,
    ChunkKV,
    Composition,
    Engine,
    EngineConfig,
    Eviction,
    KVPrecision,
    MemoryPlan,
    MemoryPlanError,
    Sampling,
    Selection,
    WindowError,
    split,
)

from .reference import assembled_forward, best_tokens, observed, plain_forward, question_nll
from .tiny import PREFIX, QUESTION, WINDOW, Pair, dense, pair, tokens

DOCUMENT = tokens(230, 17)
CONFIG = EngineConfig(
    chunk_tokens=48,
    eviction=Eviction(kept_tokens=75, capacity=25, observation_window=4, pooling_kernel=3),
    precision=KVPrecision.FP32,
)
GREEDY = Sampling(max_new_tokens=6)
PARAGRAPHS = range(0, 230, 11)


def plan_of(engine: Engine) -> MemoryPlan:
    memory = engine.plan(len(DOCUMENT), free=10**9)
    return dataclasses.replace(memory, prefill_batch=2, score_batch=3)


def read(engine: Engine) -> list[ChunkKV]:
    chunks = split(DOCUMENT, engine.config.chunk_tokens, PARAGRAPHS)
    return list(engine.prefill(chunks, plan_of(engine)))


def select(engine: Engine, stored: list[ChunkKV]) -> Selection:
    scores = engine.score(stored, QUESTION, plan_of(engine))
    return engine.compress(stored, engine.select(stored, scores), QUESTION, GREEDY.max_new_tokens)


def slow_answer(one: Pair, config: EngineConfig) -> tuple[list[int], list[int]]:
    """Kept chunks and greedy answer, by plain passes alone: score, rank, evict, assemble or re-read, decode."""
    chunks = [chunk.token_ids for chunk in split(DOCUMENT, config.chunk_tokens, PARAGRAPHS)]
    eviction = config.eviction
    nll = [sum(question_nll(one.plain, (*PREFIX, *c, *QUESTION.preamble), QUESTION.ids)) for c in chunks]
    kept: list[int] = []
    # Only the assembled composition evicts within a chunk; elsewhere a chunk counts whole.
    capacity = eviction.capacity if config.composition is Composition.ASSEMBLED else len(DOCUMENT)
    for index in sorted(range(len(chunks)), key=lambda i: nll[i]):
        if kept and sum(min(len(chunks[i]), capacity) for i in [*kept, index]) > eviction.kept_tokens:
            break
        kept.append(index)
    kept.sort()
    scored = (*QUESTION.preamble, *QUESTION.ids)
    visible: list[list[list[int]]] = [[[] for _ in range(one.spec.kv_heads)] for _ in range(one.spec.layers)]
    offset = 0
    for index in kept:
        seen = observed(one.plain, PREFIX, chunks[index], scored, eviction.observation_window)
        for layer in range(one.spec.layers):
            best = best_tokens(seen[layer], eviction.capacity, eviction.pooling_kernel)
            for head in range(one.spec.kv_heads):
                visible[layer][head] += [offset + token for token in best[head]]
        offset += len(chunks[index])
    asked = list(QUESTION.all_ids)
    parts = [chunks[index] for index in kept]
    while len(asked) < len(QUESTION.all_ids) + GREEDY.max_new_tokens:
        if config.composition is Composition.REREAD:
            everything = [*PREFIX, *(token for part in parts for token in part), *asked]
            log_probs = plain_forward(one.plain, everything).log_probs
        else:
            log_probs = assembled_forward(one.plain, PREFIX, parts, asked, visible).log_probs
        asked.append(int(log_probs[-1].argmax()))
    return kept, asked[len(QUESTION.all_ids) :]


@pytest.mark.parametrize("composition", [Composition.ASSEMBLED, Composition.REREAD])
@pytest.mark.parametrize("family", ["smollm 9/3 tied", "qwen2 7/1", "qwen3 15/5", "granite 10/2"])
def test_the_whole_method_equals_its_slow_reference(
    family: str, composition: Composition, device: torch.device
) -> None:
    one = pair(family, device)
    whole_chunks = dataclasses.replace(CONFIG.eviction, kept_tokens=110)
    eviction = CONFIG.eviction if composition is Composition.ASSEMBLED else whole_chunks
    config = dataclasses.replace(CONFIG, composition=composition, eviction=eviction)
    engine = Engine(one.loaded, PREFIX, config)
    selection = select(engine, read(engine))
    kept, expected = slow_answer(one, config)
    assert [score.index for score in selection.kept] == kept
    assert 1 < len(kept) < 5
    assert list(engine.generate(selection, GREEDY, frozenset())) == expected


@pytest.mark.parametrize("composition", Composition)
def test_asking_twice_gives_the_same_answer(composition: Composition) -> None:
    engine = Engine(pair().loaded, PREFIX, dataclasses.replace(CONFIG, composition=composition))
    stored = read(engine)
    before = [dense(one).clone() for one in stored]
    first, second = (list(engine.generate(select(engine, stored), GREEDY, frozenset())) for _ in range(2))
    assert first == second
    assert all(torch.equal(dense(one), kv) for one, kv in zip(stored, before, strict=True))


def test_the_selection_is_in_document_order_whatever_the_order_of_the_chunks() -> None:
    engine = Engine(pair().loaded, PREFIX, dataclasses.replace(CONFIG, composition=Composition.REREAD))
    stored = read(engine)
    forwards, backwards = select(engine, stored), select(engine, stored[::-1])
    indices = [score.index for score in forwards.kept]
    assert indices == sorted(indices) == [score.index for score in backwards.kept]
    answers = [list(engine.generate(one, GREEDY, frozenset())) for one in (forwards, backwards)]
    assert answers[0] == answers[1]


def test_attention_falls_on_the_chunks_that_were_kept_alone() -> None:
    engine = Engine(pair().loaded, PREFIX, CONFIG)
    stored = read(engine)
    selection = select(engine, stored)
    observer = engine.attribution_observer(selection)
    engine.attribute(selection, observer)
    paid = observer.by_token(len(DOCUMENT))
    kept = {score.index for score in selection.kept}
    for one in stored:
        inside = paid[one.chunk.start : one.chunk.stop]
        assert bool(inside.any()) == (one.chunk.index in kept)


@pytest.mark.parametrize("composition", list(Composition))
def test_attribution_changes_no_answer(composition: Composition) -> None:
    """The question's pass and the pass of its last tokens give together what one pass gives."""
    engine = Engine(pair().loaded, PREFIX, dataclasses.replace(CONFIG, composition=composition))
    stored = read(engine)
    expected = list(engine.generate(select(engine, stored), GREEDY, frozenset()))
    attributed = select(engine, stored)
    attributed = engine.attribute(attributed, engine.attribution_observer(attributed))
    assert list(engine.generate(attributed, GREEDY, frozenset())) == expected


def test_passages_that_are_read_again_equal_the_plain_forward() -> None:
    """Against the plain model over prefix, spans and question."""
    one = pair()
    engine = Engine(one.loaded, PREFIX, CONFIG)
    spans = [Chunk(0, 40, tuple(DOCUMENT[40:52])), Chunk(0, 90, tuple(DOCUMENT[90:101]))]
    selection = engine.reread(spans, QUESTION, 4)
    answer = list(engine.generate(selection, Sampling(max_new_tokens=4), frozenset()))
    ids = [*PREFIX, *DOCUMENT[40:52], *DOCUMENT[90:101], *QUESTION.all_ids]
    plain = one.plain.generate(
        torch.tensor([ids]), max_new_tokens=4, do_sample=False, eos_token_id=None, pad_token_id=0
    )
    assert answer == plain[0, len(ids) :].tolist()


def test_an_ordinary_prompt_is_the_plain_model() -> None:
    one = pair()
    engine = Engine(one.loaded, PREFIX, CONFIG)
    ids = [*DOCUMENT[:90]]
    answer = list(engine.generate(engine.plain(ids, 4), Sampling(max_new_tokens=4), frozenset()))
    expected = []
    for _ in range(4):
        expected.append(int(plain_forward(one.plain, ids + expected).log_probs[-1].argmax()))
    assert answer == expected


def test_an_ordinary_prompt_that_does_not_fit_is_refused_and_never_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine(pair().loaded, PREFIX, CONFIG)
    ids = tokens(WINDOW - 6)
    assert len(list(engine.generate(engine.plain(ids, 6), GREEDY, frozenset()))) == 6
    with pytest.raises(WindowError, match=f"take {WINDOW + 1} tokens"):
        engine.plain(ids, 7)
    with pytest.raises(Cancelled):
        engine.plain(ids, 6, lambda: True)
    monkeypatch.setattr("parallelcomp.memory.free_bytes", lambda _: 100_000)
    with pytest.raises(MemoryPlanError, match="shorten the prompt"):
        engine.plain(ids, 6)


@pytest.mark.parametrize("attributed", [False, True])
@pytest.mark.parametrize("composition", Composition)
def test_how_likely_an_answer_is_equals_the_plain_forward(composition: Composition, attributed: bool) -> None:
    one = pair("qwen2 7/1")
    config = dataclasses.replace(CONFIG, composition=composition, eviction=Eviction(kept_tokens=48))
    engine = Engine(one.loaded, PREFIX, config)
    stored = read(engine)
    expected_answer = tokens(4, 77)
    selection = select(engine, stored)
    (kept,) = selection.kept
    if attributed:
        selection = engine.attribute(selection, engine.attribution_observer(selection))
    before = (*PREFIX, *stored[kept.index].chunk.token_ids, *QUESTION.all_ids)
    expected = sum(question_nll(one.plain, before, expected_answer)) / 4
    assert engine.answer_nll(selection, expected_answer) == pytest.approx(expected, abs=1e-4)


def test_how_likely_an_answer_is_of_many_chunks_is_the_mixture_of_each() -> None:
    one = pair()
    config = dataclasses.replace(CONFIG, composition=Composition.MIXTURE, eviction=Eviction(kept_tokens=150))
    engine = Engine(one.loaded, PREFIX, config)
    stored = read(engine)
    answer = tokens(4, 78)
    selection = select(engine, stored)
    assert len(selection.kept) > 1
    each = [
        -sum(question_nll(one.plain, (*PREFIX, *stored[kept.index].chunk.token_ids, *QUESTION.all_ids), answer))
        for kept in selection.kept
    ]
    joint = torch.tensor(each).logsumexp(dim=0) - math.log(len(each))
    assert engine.answer_nll(selection, answer) == pytest.approx(-float(joint) / 4, abs=1e-4)


@pytest.mark.parametrize("count", [0, GREEDY.max_new_tokens + 1])
def test_an_answer_that_has_no_room_or_no_token_has_no_likelihood(count: int) -> None:
    engine = Engine(pair().loaded, PREFIX, CONFIG)
    selection = select(engine, read(engine))
    with pytest.raises(ValueError, match="room for an answer"):
        engine.answer_nll(selection, tokens(count))


def test_prefill_is_cancelled_between_batches_and_within_them() -> None:
    one = pair()
    engine = Engine(one.loaded, PREFIX, CONFIG)
    chunks = split(DOCUMENT, 48)
    per_batch = one.spec.layers + 1
    for polls, read_so_far in ((0, 0), (2, 0), (per_batch, 2), (per_batch + 2, 2), (2 * per_batch, 4)):
        asked = 0

        def cancelled(limit: int = polls) -> bool:
            nonlocal asked
            asked += 1
            return asked > limit

        got: list[ChunkKV] = []
        with pytest.raises(Cancelled):
            got.extend(engine.prefill(chunks, plan_of(engine), cancelled))
        assert len(got) == read_so_far
        assert asked == polls + 1


def test_an_engine_answers_on_after_it_was_cancelled() -> None:
    engine = Engine(pair().loaded, PREFIX, CONFIG)
    stored = read(engine)
    expected = list(engine.generate(select(engine, stored), GREEDY, frozenset()))
    with pytest.raises(Cancelled):
        list(engine.generate(select(engine, stored), GREEDY, frozenset(), cancelled=lambda: True))
    assert list(engine.generate(select(engine, stored), GREEDY, frozenset())) == expected


def test_a_chunk_that_fills_the_window_is_refused_at_construction() -> None:
    loaded = pair().loaded
    room = WINDOW - len(PREFIX)
    with pytest.raises(WindowError, match="lower chunk_tokens"):
        Engine(loaded, PREFIX, EngineConfig(chunk_tokens=room))
    Engine(loaded, PREFIX, EngineConfig(chunk_tokens=room - 1))


def test_a_question_and_answer_that_fill_the_window_fit_and_one_more_does_not() -> None:
    engine = Engine(pair().loaded, PREFIX, EngineConfig(chunk_tokens=400))
    room = WINDOW - len(PREFIX) - 400 - len(QUESTION.all_ids)
    engine.check_question(QUESTION, room)
    with pytest.raises(WindowError, match=f"take {WINDOW + 1} tokens"):
        engine.check_question(QUESTION, room + 1)


def test_a_question_to_no_chunks_is_refused_in_words() -> None:
    """An empty document has no chunks: the error must say so, and not that max() has no argument."""
    engine = Engine(pair().loaded, PREFIX, CONFIG)
    assert engine.select([], engine.score([], QUESTION, plan_of(engine))) == []
    for composition in Composition:
        other = Engine(pair().loaded, PREFIX, dataclasses.replace(CONFIG, composition=composition))
        with pytest.raises(ValueError, match="chunk"):
            other.compress([], [], QUESTION, 6)
