"""Assembled KV against one slow forward over everything, with an explicit mask and explicit positions."""

from __future__ import annotations

import pytest
import torch

from parallelcomp import Chunk, ChunkKV, Composition, EngineConfig, Eviction
from parallelcomp.context.assembly import assemble
from parallelcomp.context.composition import compose
from parallelcomp.kv.context import Context
from parallelcomp.scoring import ChunkScore, score

from ..reference import assembled_forward, best_tokens, observed
from ..tiny import CONFIGS, PREFIX, QUESTION, chunks_of, dense, pair, read, read_prefix, tokens

WHOLE = Eviction(kept_tokens=10_000, capacity=10_000)


def unscored(index: int) -> ChunkScore:
    return ChunkScore(index, 1.0, (1.0,))


@pytest.mark.parametrize("family", CONFIGS)
def test_assembly_equals_an_explicit_mask_and_positions(family: str, device: torch.device) -> None:
    """Re-used positions, attention local to a chunk, the question after the longest and seeing everything."""
    one = pair(family, device)
    prefix = read_prefix(one)
    chunks = chunks_of(23, 41, 1, 30)
    stored = read(one, prefix, chunks)
    config = EngineConfig(eviction=WHOLE, composition=Composition.ASSEMBLED)
    kept = [(chunk, unscored(chunk.chunk.index)) for chunk in stored]
    state = compose(one.loaded, prefix, kept, config, room=30)
    asked = list(QUESTION.all_ids)
    log_probs = state.step(asked)
    for _ in range(4):
        slow = assembled_forward(one.plain, PREFIX, [chunk.token_ids for chunk in chunks], asked)
        torch.testing.assert_close(log_probs.cpu(), slow.log_probs[-1], atol=1e-4, rtol=0)
        asked.append(int(log_probs.argmax()))
        log_probs = state.step(asked[-1:])


@pytest.mark.parametrize("family", CONFIGS)
def test_eviction_per_kv_head_equals_a_mask_per_head(family: str, device: torch.device) -> None:
    """The slow way evicts nothing: it hides from the question, per layer and head, what should be gone."""
    one = pair(family, device)
    prefix = read_prefix(one)
    chunks = chunks_of(23, 41, 8, 30)
    stored = read(one, prefix, chunks)
    eviction = Eviction(kept_tokens=10_000, capacity=9, observation_window=4, pooling_kernel=3)
    scores = {s.index: s for s in score(one.loaded, prefix, stored, QUESTION, batch=4, observation_window=4)}
    config = EngineConfig(eviction=eviction)
    state = compose(one.loaded, prefix, [(c, scores[c.chunk.index]) for c in stored], config, room=30)

    scored = (*QUESTION.preamble, *QUESTION.ids)
    visible: list[list[list[int]]] = [[[] for _ in range(one.spec.kv_heads)] for _ in range(one.spec.layers)]
    offset = 0
    for chunk in chunks:
        attention = observed(one.plain, PREFIX, chunk.token_ids, scored, last=4)
        for layer in range(one.spec.layers):
            kept = best_tokens(attention[layer], 9, 3)
            for head in range(one.spec.kv_heads):
                visible[layer][head] += [offset + token for token in kept[head]]
        offset += len(chunk)
    assert any(heads[0] != heads[-1] for heads in visible) or one.spec.kv_heads == 1

    assert state.context.kept_tokens == 9 + 9 + 8 + 9
    for layer, (slots,) in enumerate(state.context.slots):
        assert slots.tokens.tolist() == visible[layer]

    asked = list(QUESTION.all_ids)
    log_probs = state.step(asked)
    for _ in range(3):
        slow = assembled_forward(one.plain, PREFIX, [c.token_ids for c in chunks], asked, visible)
        torch.testing.assert_close(log_probs.cpu(), slow.log_probs[-1], atol=1e-4, rtol=0)
        asked.append(int(log_probs.argmax()))
        log_probs = state.step(asked[-1:])


def test_a_capacity_that_everything_fits_in_is_the_identity() -> None:
    one = pair()
    prefix = read_prefix(one)
    stored = read(one, prefix, chunks_of(23, 41))
    scores = list(score(one.loaded, prefix, stored, QUESTION, batch=2, observation_window=8))
    pairs = [(stored[s.index], s) for s in sorted(scores, key=lambda s: s.index)]
    exact = assemble(one.spec, prefix, pairs, Eviction(capacity=41), room=4)
    roomy = assemble(one.spec, prefix, pairs, Eviction(capacity=9999), room=4)
    for left, right in zip(exact.cache.layers, roomy.cache.layers, strict=True):
        assert left.length == right.length == len(PREFIX) + 64
        assert torch.equal(left.key_buffer, right.key_buffer)
        assert torch.equal(left.value_buffer, right.value_buffer)


def test_the_slots_say_what_the_cache_holds() -> None:
    """Every slot of every layer and head holds the KV of the token that it names, after the prefix."""
    one = pair("qwen3 15/5")
    prefix = read_prefix(one)
    chunks = chunks_of(12, 30, start=400)
    stored = read(one, prefix, chunks)
    scores = sorted(
        score(one.loaded, prefix, stored, QUESTION, batch=2, observation_window=8), key=lambda s: s.index
    )
    eviction = Eviction(capacity=10)
    context = assemble(one.spec, prefix, list(zip(stored, scores, strict=True)), eviction, room=6)
    assert_slots_match(context, [(c.chunk.start, dense(c)) for c in stored])
    for layer, (slots,), kv in zip(context.cache.layers, context.slots, prefix.kv.tensor, strict=True):
        for held, read_once in zip(layer.used, kv, strict=True):
            assert torch.equal(held[0, :, : len(PREFIX)], read_once)
        assert (slots.lengths[:, :10] == 12).all()
        assert (slots.lengths[:, 10:] == 30).all()
        assert torch.equal(slots.local[:, :10] + 400, slots.tokens[:, :10])
        assert torch.equal(slots.local[:, 10:] + 412, slots.tokens[:, 10:])


def assert_slots_match(context: Context, stored: list[tuple[int, torch.Tensor]]) -> None:
    """`stored`: (offset in the document, KV (layers, 2, kv_heads, tokens, head_dim)) of each chunk."""
    by_token = {start + local: kv[:, :, :, local] for start, kv in stored for local in range(kv.shape[3])}
    for index, layer in enumerate(context.cache.layers):
        keys, values = layer.used
        (slots,) = context.slots[index]
        for head, row in enumerate(slots.tokens.tolist()):
            assert row == sorted(set(row))
            for slot, token in enumerate(row):
                index_in_cache = context.prefix_tokens + slot
                assert torch.equal(keys[0, head, index_in_cache], by_token[token][index, 0, head])
                assert torch.equal(values[0, head, index_in_cache], by_token[token][index, 1, head])


def test_positions_go_on_after_the_longest_chunk_before_eviction() -> None:
    one = pair()
    prefix = read_prefix(one)
    stored = read(one, prefix, chunks_of(12, 30, 20))
    scores = score(one.loaded, prefix, stored, QUESTION, batch=3, observation_window=8)
    pairs = [(stored[s.index], s) for s in scores]
    context = assemble(one.spec, prefix, pairs, Eviction(capacity=4), room=6)
    assert context.next_position.tolist() == [len(PREFIX) + 30]


def test_evicting_without_recorded_attention_is_an_error_that_names_the_chunk() -> None:
    one = pair()
    prefix = read_prefix(one)
    (chunk,) = read(one, prefix, chunks_of(20))
    renamed = ChunkKV(Chunk(3, 0, chunk.chunk.token_ids), chunk.kv)
    with pytest.raises(ValueError, match=r"chunk 3 .*without attention"):
        assemble(one.spec, prefix, [(renamed, unscored(3))], Eviction(capacity=5), room=4)


def test_more_tokens_than_room_are_refused_and_not_lost() -> None:
    one = pair()
    prefix = read_prefix(one)
    stored = read(one, prefix, chunks_of(20))
    state = compose(one.loaded, prefix, [(stored[0], unscored(0))], EngineConfig(), room=5)
    state.step(tokens(5))
    with pytest.raises(ValueError, match="room for"):
        state.step(tokens(1))
