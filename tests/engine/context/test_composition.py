"""Three ways from kept chunks to next-token probabilities, each against plain forward passes."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest
import torch
from torch import Tensor

from parallelcomp import ChunkKV, Composition, EngineConfig, Eviction, WindowError
from parallelcomp.context.composition import MixtureState, alone, compose, reread
from parallelcomp.decoding.next_token import AnswerState
from parallelcomp.scoring import ChunkScore, score

from ..reference import plain_forward
from ..tiny import CONFIGS, PREFIX, QUESTION, WINDOW, Pair, chunks_of, dense, pair, read, read_prefix

LENGTHS = (23, 41, 1, 30)
FAMILIES = ["smollm 9/3 tied", "qwen2 7/1", "qwen3 15/5", "phi3 6/2", "granite 10/2", "qwen2 yarn rope"]


def kept_of(one: Pair, lengths: Sequence[int] = LENGTHS) -> list[tuple[ChunkKV, ChunkScore]]:
    """Chunks that were read and scored, in document order."""
    prefix = read_prefix(one)
    stored = read(one, prefix, chunks_of(*lengths, start=10))
    scores = score(one.loaded, prefix, stored, QUESTION, batch=len(lengths), observation_window=8)
    return [(stored[s.index], s) for s in sorted(scores, key=lambda s: s.index)]


def answering(
    one: Pair,
    kept: Sequence[tuple[ChunkKV, ChunkScore]],
    composition: Composition,
    *,
    room: int = 30,
    prior_sharpness: float = 0.0,
) -> AnswerState:
    config = EngineConfig(
        eviction=Eviction(kept_tokens=9999), composition=composition, prior_sharpness=prior_sharpness
    )
    return compose(one.loaded, read_prefix(one), kept, config, room)


@pytest.mark.parametrize("family", CONFIGS)
def test_reread_equals_the_plain_forward_over_the_chunks_in_document_order(
    family: str, device: torch.device
) -> None:
    one = pair(family, device)
    kept = kept_of(one)
    state = answering(one, kept, Composition.REREAD)
    document = [token for chunk, _ in kept for token in chunk.chunk.token_ids]
    asked = list(QUESTION.all_ids)
    log_probs = state.step(asked)
    for _ in range(3):
        slow = plain_forward(one.plain, [*PREFIX, *document, *asked]).log_probs[-1]
        torch.testing.assert_close(log_probs.cpu(), slow, atol=1e-4, rtol=0)
        asked.append(int(log_probs.argmax()))
        log_probs = state.step(asked[-1:])


def test_reread_depends_on_the_order_of_the_chunks() -> None:
    """Otherwise the test above could not tell document order from any other."""
    one = pair()
    kept = kept_of(one)
    forwards = answering(one, kept, Composition.REREAD).step(QUESTION.all_ids)
    backwards = answering(one, kept[::-1], Composition.REREAD).step(QUESTION.all_ids)
    assert (forwards - backwards).abs().max() > 1e-2


def test_reread_names_the_document_tokens_it_holds() -> None:
    one = pair()
    kept = [kept_of(one)[index] for index in (0, 1, 3)]  # a gap where the third was evicted
    state = answering(one, kept, Composition.REREAD)
    expected = [*range(10, 33), *range(33, 74), *range(75, 105)]
    for (slots,) in state.context.slots:
        assert slots.tokens.tolist() == [expected] * one.spec.kv_heads


def test_reread_fills_the_window_and_no_more() -> None:
    one = pair()
    kept = kept_of(one, (200, 200))
    room = WINDOW - 400 - len(PREFIX)
    assert answering(one, kept, Composition.REREAD, room=room).context.kept_tokens == 400
    with pytest.raises(WindowError, match=r"re-reading 400 kept tokens .* window of 512"):
        answering(one, kept, Composition.REREAD, room=room + 1)


def mixture_by_hand(
    one: Pair, kept: Sequence[tuple[ChunkKV, ChunkScore]], asked: Sequence[int], sharpness: float
) -> Tensor:
    """sum over c of P(c | q, answer so far) P(next | c, q, answer so far), each P from a plain pass in fp64.

    The answer so far is what follows the question in `asked`.
    """
    question = len(QUESTION.all_ids)
    joint, following = [], []
    for chunk, one_score in kept:
        context = [*PREFIX, *chunk.chunk.token_ids]
        log_probs = plain_forward(one.plain, [*context, *asked]).log_probs.double()
        likelihood = 1.0
        for index, token in enumerate(asked[question:], start=len(context) + question):
            likelihood *= math.exp(log_probs[index - 1, token])
        joint.append(math.exp(-sharpness * sum(one_score.token_nll)) * likelihood)
        following.append(log_probs[-1].exp())
    return torch.stack([p * w / sum(joint) for p, w in zip(following, joint, strict=True)]).sum(0).log()


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("sharpness", [0.0, 0.25])
def test_mixture_equals_bayes_over_plain_passes(family: str, sharpness: float, device: torch.device) -> None:
    one = pair(family, device)
    kept = kept_of(one)
    state = answering(one, kept, Composition.MIXTURE, prior_sharpness=sharpness)
    assert isinstance(state, MixtureState)
    asked = list(QUESTION.all_ids)
    log_probs = state.step(asked)
    for _ in range(5):
        expected = mixture_by_hand(one, kept, asked, sharpness)
        torch.testing.assert_close(log_probs.cpu().double(), expected, atol=1e-4, rtol=0)
        assert float(log_probs.logsumexp(0)) == pytest.approx(0, abs=1e-5)
        asked.append(int(log_probs.argmax()))
        log_probs = state.step(asked[-1:])
    weights = state.log_weights.exp()
    assert float(weights.sum()) == pytest.approx(1, abs=1e-5)
    assert float(weights.max() - weights.min()) > 0.01  # the answer did say something about the chunks


def test_several_answer_tokens_at_once_weigh_as_one_by_one() -> None:
    """`step` takes token ids, appended together or one after another.

    The chunks' posterior must take every token under the prediction made just before it.
    """
    one = pair()
    kept = kept_of(one)
    slowly, at_once = (answering(one, kept, Composition.MIXTURE) for _ in range(2))
    for state in (slowly, at_once):
        state.step(QUESTION.all_ids)
    slowly.step([7])
    expected = slowly.step([8])
    torch.testing.assert_close(at_once.step([7, 8]), expected, atol=1e-4, rtol=0)


def test_the_prior_is_uniform_or_follows_the_question() -> None:
    one = pair()
    kept = kept_of(one)
    uniform = answering(one, kept, Composition.MIXTURE)
    sharp = answering(one, kept, Composition.MIXTURE, prior_sharpness=0.5)
    assert isinstance(uniform, MixtureState)
    assert isinstance(sharp, MixtureState)
    assert uniform.log_weights.tolist() == pytest.approx([-math.log(4)] * 4)
    summed = torch.tensor([-0.5 * sum(s.token_nll) for _, s in kept])
    assert sharp.log_weights.tolist() == pytest.approx(summed.log_softmax(0).tolist(), abs=1e-5)
    assert int(sharp.log_weights.argmax()) == min(range(4), key=lambda i: kept[i][1].nll)


@pytest.mark.parametrize("other", [Composition.MIXTURE, Composition.REREAD])
def test_with_one_chunk_all_compositions_are_the_same(other: Composition, device: torch.device) -> None:
    one = pair("qwen3 15/5", device)
    kept = kept_of(one)[1:2]
    first, second = answering(one, kept, Composition.ASSEMBLED), answering(one, kept, other)
    step: Sequence[int] = QUESTION.all_ids
    for _ in range(4):
        expected, got = first.step(step), second.step(step)
        torch.testing.assert_close(got, expected, atol=1e-4, rtol=0)
        step = [int(expected.argmax())]


@pytest.mark.parametrize("composition", Composition)
def test_asking_twice_leaves_the_stored_kv_bit_equal(composition: Composition, device: torch.device) -> None:
    """And gives the same answer, bit for bit, although the first one was decoded over a growing cache."""
    one = pair(device=device)
    kept = kept_of(one)
    prefix = read_prefix(one)
    before = [dense(chunk).clone() for chunk, _ in kept]
    prefix_before = prefix.kv.tensor.clone()
    config = EngineConfig(eviction=Eviction(kept_tokens=9999, capacity=12), composition=composition)
    answers = []
    for _ in range(2):
        state = compose(one.loaded, prefix, kept, config, room=20)
        log_probs = [state.step(QUESTION.all_ids)]
        for _ in range(5):
            log_probs.append(state.step([int(log_probs[-1].argmax())]))
        answers.append(torch.stack(log_probs))
        for (chunk, _), stored in zip(kept, before, strict=True):
            assert torch.equal(dense(chunk), stored)
        assert torch.equal(prefix.kv.tensor, prefix_before)
    assert torch.equal(answers[0], answers[1])


def test_two_answers_at_a_time_do_not_disturb_each_other() -> None:
    one = pair()
    kept = kept_of(one)
    alone = answering(one, kept, Composition.ASSEMBLED)
    expected = [alone.step(QUESTION.all_ids), alone.step([3]), alone.step([4])]
    mine, other = (answering(one, kept, Composition.ASSEMBLED) for _ in range(2))
    got = []
    for mine_ids, other_ids in ((QUESTION.all_ids, (9, 8)), ((3,), (7,)), ((4,), (6,))):
        got.append(mine.step(mine_ids))
        other.step(other_ids)
    assert all(torch.equal(left, right) for left, right in zip(expected, got, strict=True))


def test_a_chunk_alone_answers_as_it_does_when_it_is_read_again() -> None:
    one = pair()
    ((chunk, _),) = kept_of(one, [23])
    again = reread(one.loaded, read_prefix(one), [chunk.chunk], 30)
    state = alone(one.loaded, read_prefix(one), chunk, 30)
    assert torch.equal(state.step(QUESTION.all_ids), again.step(QUESTION.all_ids))
    assert torch.equal(state.context.slots[0][0].tokens, again.context.slots[0][0].tokens)
    with pytest.raises(WindowError, match="exceeds the model's window"):
        alone(one.loaded, read_prefix(one), chunk, WINDOW)
