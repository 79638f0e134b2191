"""A copy never leaves its sources, begins and ends where it may, and is the most likely one at every step."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from parallelcomp import CopyingState, Sampling, Source
from parallelcomp.assembly import Context
from parallelcomp.attention import Observer
from parallelcomp.decoding import decode

WORDS = 12
STOP = 10
LINE_END = 11


class Fixed:
    """Log-probabilities that were written down: those of each step, the last for good."""

    context: Context

    def __init__(self, rows: Sequence[Sequence[float]]) -> None:
        self.rows = [torch.tensor(row) for row in rows]
        self.steps = 0

    def step(
        self,
        token_ids: Sequence[int],
        observer: Observer | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> Tensor:
        row = self.rows[min(self.steps, len(self.rows) - 1)]
        self.steps += 1
        return row.log_softmax(dim=-1)


def copied(inner: Fixed, *sources: Source, limit: int = 8) -> list[int]:
    state = CopyingState(inner, sources, frozenset([STOP, LINE_END]), STOP)
    return list(decode(state, [0], Sampling(max_new_tokens=limit), frozenset([STOP])))


def wanting(*tokens: int) -> list[float]:
    """A model that wants the first of these most, then the second."""
    row = [0.0] * WORDS
    for rank, token in enumerate(tokens):
        row[token] = 20.0 - rank
    return row


def whole(*ids: int) -> Source:
    return Source(ids, frozenset(range(len(ids))), frozenset(range(len(ids) + 1)))


def test_what_is_not_in_the_source_is_never_said() -> None:
    assert copied(Fixed([wanting(9, 3), wanting(9, 4), wanting(STOP)]), whole(2, 3, 4, 5)) == [3, 4]


def test_a_word_that_stands_twice_leaves_both_ways_open() -> None:
    source = whole(3, 4, 6, 3, 5)
    assert copied(Fixed([wanting(3), wanting(5), wanting(STOP)]), source) == [3, 5]
    assert copied(Fixed([wanting(3), wanting(4), wanting(5, STOP)]), source) == [3, 4]


def test_a_copy_begins_and_ends_where_it_may() -> None:
    source = Source((2, 3, 4, 5), frozenset([1]), frozenset([3, 4]))
    assert copied(Fixed([wanting(2, 5, 4), wanting(STOP)]), source) == [3, 4]


def test_a_copy_ends_with_its_source() -> None:
    assert copied(Fixed([wanting(4), wanting(5), wanting(2)]), whole(2, 3, 4, 5)) == [4, 5]


def test_nothing_runs_from_one_source_into_the_next() -> None:
    assert copied(Fixed([wanting(3), wanting(4), wanting(5)]), whole(2, 3), whole(4, 5)) == [3]


def test_a_line_end_of_the_source_is_an_end_only_where_a_copy_may_end() -> None:
    source = Source((2, LINE_END, 3), frozenset([0]), frozenset([3]))
    assert copied(Fixed([wanting(LINE_END)]), source) == [2, LINE_END, 3]
    assert copied(Fixed([wanting(2), wanting(LINE_END)]), whole(2, LINE_END, 3)) == [2]


@given(st.lists(st.integers(0, WORDS - 1), min_size=1, max_size=12), st.integers(0, 99), st.integers(1, 9))
def test_every_copy_stands_in_the_source(ids: list[int], seed: int, limit: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    rows = torch.randn(10, WORDS, generator=generator).tolist()
    ids = [token for token in ids if token != STOP] or [1]
    said = copied(Fixed(rows), whole(*ids), limit=limit)
    assert 1 <= len(said) <= limit
    assert any(ids[at : at + len(said)] == said for at in range(len(ids)))


def test_sources_that_cannot_be_copied_are_refused() -> None:
    with pytest.raises(ValueError, match="begin"):
        Source((1, 2), frozenset(), frozenset([2]))
    with pytest.raises(ValueError, match="begin"):
        Source((1, 2), frozenset([2]), frozenset([2]))
    with pytest.raises(ValueError, match="end"):
        Source((1, 2), frozenset([0]), frozenset([1]))
    with pytest.raises(ValueError, match="nothing to copy"):
        CopyingState(Fixed([wanting(1)]), (), frozenset(), STOP)
