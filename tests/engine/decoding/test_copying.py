"""A copy never leaves its sources, begins and ends where it may, and is the most likely one at every step."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from parallelcomp import CopyingState, Sampling, Source
from parallelcomp.decoding.decode import decode

from ...scripted import Scripted, wanting

WORDS = 12
STOP = 10
LINE_END = 11


def copied(inner: Scripted, *sources: Source, limit: int = 8) -> list[int]:
    state = CopyingState(inner, sources, frozenset([STOP, LINE_END]), STOP)
    return list(decode(state, [0], Sampling(max_new_tokens=limit), frozenset([STOP])))


def scripted(*steps: int | tuple[int, ...]) -> Scripted:
    """A model that predicts these tokens one after another; of several, the first is the most probable."""
    return Scripted([wanting(WORDS, *((one,) if isinstance(one, int) else one)) for one in steps])


def whole(*ids: int) -> Source:
    return Source(ids, frozenset(range(len(ids))), frozenset(range(len(ids) + 1)))


def test_what_is_not_in_the_source_is_never_said() -> None:
    assert copied(scripted((9, 3), (9, 4), STOP), whole(2, 3, 4, 5)) == [3, 4]


def test_a_word_that_stands_twice_leaves_both_ways_open() -> None:
    source = whole(3, 4, 6, 3, 5)
    assert copied(scripted(3, 5, STOP), source) == [3, 5]
    assert copied(scripted(3, 4, (5, STOP)), source) == [3, 4]


def test_a_copy_begins_and_ends_where_it_may() -> None:
    source = Source((2, 3, 4, 5), frozenset([1]), frozenset([3, 4]))
    assert copied(scripted((2, 5, 4), STOP), source) == [3, 4]


def test_a_copy_ends_with_its_source() -> None:
    assert copied(scripted(4, 5, 2), whole(2, 3, 4, 5)) == [4, 5]


def test_nothing_runs_from_one_source_into_the_next() -> None:
    assert copied(scripted(3, 4, 5), whole(2, 3), whole(4, 5)) == [3]


def test_a_line_end_of_the_source_is_an_end_only_where_a_copy_may_end() -> None:
    source = Source((2, LINE_END, 3), frozenset([0]), frozenset([3]))
    assert copied(scripted(LINE_END), source) == [2, LINE_END, 3]
    assert copied(scripted(2, LINE_END), whole(2, LINE_END, 3)) == [2]


@given(st.lists(st.integers(0, WORDS - 1), min_size=1, max_size=12), st.integers(0, 99), st.integers(1, 9))
def test_every_copy_stands_in_the_source(ids: list[int], seed: int, limit: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    rows = torch.randn(10, WORDS, generator=generator).tolist()
    ids = [token for token in ids if token != STOP] or [1]
    said = copied(Scripted(rows), whole(*ids), limit=limit)
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
        CopyingState(scripted(1), (), frozenset(), STOP)
