"""Reading in batches changes nothing, whatever the lengths."""

from __future__ import annotations

import pytest
import torch

from parallelcomp import Cancelled, Engine, EngineConfig, KVPrecision
from parallelcomp.prefill import (
    ENOUGH_TOKENS,
    batches,
    batches_of_like_length,
    prefill_batch,
    prefill_prefix,
)

from .tiny import CONFIGS, KINDS, PREFIX, chunks_of, dense, pair, read, read_prefix, tokens


@pytest.mark.parametrize(
    ("family", "prefix_tokens"),
    [(name, 5) for name in CONFIGS] + [(name, long) for name in KINDS for long in (0, 60)],
)
def test_a_batch_of_unequal_chunks_equals_one_at_a_time(
    family: str, prefix_tokens: int, device: torch.device
) -> None:
    """Also where the prefix is longer than the chunk, and where there is none."""
    one = pair(family, device)
    prefix = read_prefix(one, tokens(prefix_tokens, 3))
    chunks = chunks_of(31, 1, 64, 17)
    together = read(one, prefix, chunks)
    for chunk, batched in zip(chunks, together, strict=True):
        (alone,) = read(one, prefix, [chunk])
        assert batched.chunk == chunk
        assert batched.kv.tokens == len(chunk)
        torch.testing.assert_close(dense(batched), dense(alone), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("family", ["smollm 9/3 tied", "qwen3 15/5", "llama llama3 rope"])
def test_the_kv_is_that_of_a_plain_pass_over_prefix_and_chunk(family: str, device: torch.device) -> None:
    """Against transformers' own cache: keys rotated at the chunk's local positions, after the same prefix."""
    one = pair(family, device)
    chunk = chunks_of(23, 45, start=700)[1]
    (mine,) = read(one, read_prefix(one), [chunk])
    with torch.inference_mode():
        ids = torch.tensor([[*PREFIX, *chunk.token_ids]], device=device)
        cache = one.plain(ids, use_cache=True).past_key_values
    for layer, stored in enumerate(dense(mine)):
        torch.testing.assert_close(stored[0], cache.layers[layer].keys[0, :, len(PREFIX) :], atol=1e-4, rtol=0)
        torch.testing.assert_close(stored[1], cache.layers[layer].values[0, :, len(PREFIX) :], atol=1e-4, rtol=0)


def test_a_chunk_does_not_know_where_in_the_document_it_stands() -> None:
    """Its KV is found again by content: same tokens, same KV, whatever the index and the start."""
    one = pair()
    prefix = read_prefix(one)
    early, late = chunks_of(40)[0], chunks_of(40, start=5000)[0]
    (a,), (b,) = read(one, prefix, [early]), read(one, prefix, [late])
    assert torch.equal(dense(a), dense(b))


def test_the_prefix_is_not_changed_by_reading() -> None:
    one = pair()
    prefix = read_prefix(one)
    before = prefix.kv.tensor.clone()
    read(one, prefix, chunks_of(30, 20))
    assert torch.equal(prefix.kv.tensor, before)
    assert len(prefix) == prefix.kv.tokens == len(PREFIX)


def test_an_empty_prefix_has_no_kv() -> None:
    prefix = prefill_prefix(pair().loaded, [])
    assert len(prefix) == prefix.kv.tokens == prefix.kv.nbytes == 0


@pytest.mark.parametrize("polls", [0, 1, 2])
def test_cancelling_stops_at_the_next_layer(polls: int) -> None:
    one = pair()
    asked = 0

    def cancelled() -> bool:
        nonlocal asked
        asked += 1
        return asked > polls

    with pytest.raises(Cancelled):
        prefill_batch(
            one.loaded,
            read_prefix(one),
            chunks_of(20),
            precision=KVPrecision.FP32,
            device=one.spec.device,
            cancelled=cancelled,
        )
    assert asked == polls + 1


def test_batches_keep_the_order_and_leave_nothing_out() -> None:
    chunks = chunks_of(*[3] * 7)
    grouped = list(batches(chunks, 3))
    assert [len(group) for group in grouped] == [3, 3, 1]
    assert [chunk for group in grouped for chunk in group] == chunks


@pytest.mark.parametrize("tokens_at_once", [300, 1024])
def test_batches_of_like_length_leave_nothing_out_and_pad_little(tokens_at_once: int) -> None:
    lengths = [400, 40, 61, 300, 150, 5, 160, 90, 900, 310]
    grouped = [
        [len(chunk) for chunk in group] for group in batches_of_like_length(chunks_of(*lengths), tokens_at_once)
    ]
    assert sorted(length for group in grouped for length in group) == sorted(lengths)
    for group in grouped:
        assert len(group) * max(group) <= tokens_at_once or len(group) == 1
        longer = [length for length in group if length > 1.3 * min(group)]
        assert sum(group) - sum(longer) < ENOUGH_TOKENS or not longer  # short ones do not wait for company


def test_pieces_are_read_as_they_would_be_alone_and_come_in_order() -> None:
    one = pair()
    engine = Engine(one.loaded, PREFIX, EngineConfig(chunk_tokens=64, precision=KVPrecision.FP32))
    chunks = chunks_of(31, 1, 64, 17, 17, 60)
    memory = engine.plan(190)
    pieces = engine.prefill_pieces(chunks, memory)
    assert [piece.chunk for piece in pieces] == chunks
    for piece, alone in zip(pieces, engine.prefill(chunks, memory), strict=True):
        torch.testing.assert_close(dense(piece), dense(alone), atol=1e-5, rtol=1e-5)
    with pytest.raises(Cancelled):
        engine.prefill_pieces(chunks, memory, lambda: True)
