"""Chunks cover the document token by token, and their boundaries follow its content."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parallelcomp import Chunk, split

# Documents and offsets by length and seed: drawn element by element, nearly all would be a chunk or two.
SEEDS = st.integers(0, 10**6)
IDS = st.builds(
    lambda length, seed: random.Random(seed).choices(range(200_000), k=length), st.integers(0, 400), SEEDS
)
OFFSETS = st.builds(
    lambda count, seed: sorted(random.Random(seed).sample(range(450), count)), st.integers(0, 200), SEEDS
)


@given(
    ids=IDS,
    chunk_tokens=st.integers(1, 90),
    preferred=OFFSETS,
    least_fill=st.floats(0.01, 1.0),
)
def test_chunks_cover_the_document_exactly(
    ids: list[int], chunk_tokens: int, preferred: list[int], least_fill: float
) -> None:
    chunks = split(ids, chunk_tokens, preferred, least_fill)
    assert [token for chunk in chunks for token in chunk.token_ids] == ids
    assert [chunk.index for chunk in chunks] == list(range(len(chunks)))
    offset = 0
    for chunk in chunks:
        assert chunk.start == offset
        offset = chunk.stop
        assert chunk.stop - chunk.start == len(chunk)
        assert 1 <= len(chunk) <= chunk_tokens
    assert offset == len(ids)


@given(
    ids=IDS,
    chunk_tokens=st.integers(1, 90),
    preferred=OFFSETS,
    percent=st.integers(1, 100),
)
def test_every_chunk_but_the_last_is_filled_enough(
    ids: list[int], chunk_tokens: int, preferred: list[int], percent: int
) -> None:
    """Whole percents, so that the bound itself is exact in integers."""
    for chunk in split(ids, chunk_tokens, preferred, percent / 100)[:-1]:
        assert len(chunk) * 100 >= percent * chunk_tokens


@given(ids=IDS, chunk_tokens=st.integers(1, 90), least_fill=st.floats(0.01, 1.0))
def test_without_preferred_offsets_chunks_are_full(ids: list[int], chunk_tokens: int, least_fill: float) -> None:
    chunks = split(ids, chunk_tokens, (), least_fill)
    assert all(len(chunk) == chunk_tokens for chunk in chunks[:-1])
    assert len(chunks) == -(-len(ids) // chunk_tokens)


@given(
    ids=IDS,
    chunk_tokens=st.integers(1, 90),
    preferred=OFFSETS,
    least_fill=st.floats(0.01, 1.0),
)
def test_a_boundary_is_preferred_wherever_one_is_in_reach(
    ids: list[int], chunk_tokens: int, preferred: list[int], least_fill: float
) -> None:
    for chunk in split(ids, chunk_tokens, preferred, least_fill)[:-1]:
        least = chunk_tokens * least_fill
        inside = [p for p in preferred if chunk.start + least <= p <= chunk.start + chunk_tokens]
        assert chunk.stop in preferred or (not inside and len(chunk) == chunk_tokens)


def test_the_one_preferred_offset_in_reach_is_the_boundary() -> None:
    for preferred in (60, 77, 100):  # both ends of the range are in it
        assert split(range(150), 100, [30, preferred, 120], least_fill=0.6)[0].stop == preferred
    assert split(range(150), 100, [59, 101])[0].stop == 100


def test_an_insertion_at_the_front_leaves_most_later_chunks_as_they_were() -> None:
    generator = random.Random(5)
    document = [generator.randrange(50_000) for _ in range(12_000)]
    paragraphs = sorted(generator.sample(range(12_000), 600))
    before = {chunk.token_ids for chunk in split(document, 200, paragraphs)}
    for inserted in (1, 37, 150):
        longer = [*(generator.randrange(50_000) for _ in range(inserted)), *document]
        moved = [0, *(offset + inserted for offset in paragraphs)]
        after = split(longer, 200, moved)
        reused = sum(chunk.token_ids in before for chunk in after)
        assert reused >= 0.8 * len(after)


def test_a_change_in_the_middle_leaves_the_chunks_before_it() -> None:
    generator = random.Random(6)
    document = [generator.randrange(50_000) for _ in range(4000)]
    paragraphs = list(range(0, 4000, 23))
    changed = document.copy()
    changed[2000] += 1
    before, after = split(document, 200, paragraphs), split(changed, 200, paragraphs)
    untouched = [chunk for chunk in before if chunk.stop <= 2000 - 200]
    assert len(untouched) >= 8
    assert after[: len(untouched)] == untouched


def test_an_empty_document_has_no_chunks() -> None:
    assert split([], 100, [0]) == []


def test_a_document_of_one_chunk_is_not_split() -> None:
    assert split([7, 8, 9], 3, [1, 2]) == [Chunk(0, 0, (7, 8, 9))]


@pytest.mark.parametrize(("chunk_tokens", "least_fill"), [(0, 0.6), (-3, 0.6), (10, 0.0), (10, 1.1)])
def test_impossible_settings_are_refused(chunk_tokens: int, least_fill: float) -> None:
    with pytest.raises(ValueError, match="chunk_tokens"):
        split([1, 2], chunk_tokens, least_fill=least_fill)
