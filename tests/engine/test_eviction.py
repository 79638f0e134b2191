"""Which chunks stay."""

from __future__ import annotations

import random

import torch
from hypothesis import given
from hypothesis import strategies as st

from parallelcomp import ChunkScore, Eviction
from parallelcomp.eviction import ChunkQueue

# NLLs from a few values only, so that ties are common.
OFFERS = st.lists(st.tuples(st.sampled_from([0.5, 1.0, 1.5, 2.0, 7.0]), st.integers(1, 40)), max_size=12)


def longest_prefix_of_the_ranking(offers: list[tuple[float, int]], budget: int, capacity: int) -> list[int]:
    """Brute force: indices of the best chunks, best first, as long as they fit together; at least the best."""
    ranking = sorted(range(len(offers)), key=lambda index: (offers[index][0], index))
    fitting = [
        count
        for count in range(len(ranking) + 1)
        if sum(min(offers[index][1], capacity) for index in ranking[:count]) <= budget
    ]
    return sorted(ranking[: max(max(fitting), 1)])


def keep(offers: list[tuple[float, int]], order: list[int], eviction: Eviction) -> list[int]:
    queue = ChunkQueue(eviction.kept_tokens, eviction.capacity)
    for index in order:
        nll, tokens = offers[index]
        queue.offer(ChunkScore(index, nll, (nll,)), tokens)
    return [score.index for score in queue.kept()]


@given(offers=OFFERS, budget=st.integers(1, 120), capacity=st.integers(1, 50), seed=st.integers(0, 9999))
def test_the_queue_keeps_the_longest_prefix_of_the_ranking_in_any_order_of_arrival(
    offers: list[tuple[float, int]], budget: int, capacity: int, seed: int
) -> None:
    eviction = Eviction(kept_tokens=budget, capacity=capacity)
    order = list(range(len(offers)))
    random.Random(seed).shuffle(order)
    expected = longest_prefix_of_the_ranking(offers, budget, capacity)
    assert keep(offers, order, eviction) == expected
    assert keep(offers, order[::-1], eviction) == expected


def test_the_best_chunk_stays_though_it_exceeds_the_budget_alone() -> None:
    assert keep([(2.0, 5), (1.0, 100), (3.0, 1)], [0, 1, 2], Eviction(kept_tokens=10, capacity=100)) == [1]


def test_a_better_chunk_that_comes_late_takes_the_place_of_the_worst() -> None:
    """And the one that was pushed out does not come back through a gap that a smaller one leaves."""
    offers = [(1.0, 5), (2.0, 5), (3.0, 1), (0.5, 4)]
    assert keep(offers, [0, 1, 2, 3], Eviction(kept_tokens=10)) == [0, 3]


def test_a_long_chunk_costs_only_what_is_kept_of_it() -> None:
    assert keep([(1.0, 90), (2.0, 90)], [0, 1], Eviction(kept_tokens=40, capacity=20)) == [0, 1]


def test_a_queue_that_was_offered_nothing_keeps_nothing() -> None:
    assert ChunkQueue(Eviction().kept_tokens).kept() == []


def test_ranking_keeps_whole_scores() -> None:
    """The queue hands back the very scores it was offered, with their attention."""
    queue = ChunkQueue(Eviction().kept_tokens)
    score = ChunkScore(4, 1.0, (0.5, 1.5), torch.ones(1, 1, 3))
    queue.offer(score, 3)
    assert queue.kept() == [score]
