"""Which citations carry which sentence."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wholedoc import SentenceSources
from wholedoc.answering.sources import sentence_sources

from .test_unsupported import quoted

FINE = "The master of the Grey Heron paid 4,275 crowns for pumping oil into the water at Lantern Quay."
CHANNEL = "1. A yacht announces herself on channel 12, and waits outside the breakwater."


@pytest.mark.parametrize(
    ("answer", "quotes", "wanted"),
    [
        ("The master paid 4,275 crowns.", [FINE, CHANNEL], [(1,)]),
        ("The master paid 4275 crowns.", [CHANNEL, FINE], [(2,)]),
        ("The master paid 4,725 crowns.", [FINE], [()]),  # another number
        ("4,275", [FINE, CHANNEL], [(1,)]),
        ("Channel 12.", [FINE, CHANNEL], [(2,)]),
        ("A yacht uses channel 12. The master paid 4,275 crowns.", [FINE, CHANNEL], [(2,), (1,)]),
        ("The oil was pumped into the water.", [CHANNEL, FINE], [(2,)]),  # not word for word
        ("The oil was pumped into the water.", [FINE, FINE], [(1, 2)]),
        ("Chocolate cake needs flour and some water.", [FINE], [()]),
        ("He paid 4,275 crowns, and called on channel 12.", [FINE, CHANNEL, CHANNEL], [(1, 2)]),
        ("He paid 4,275 crowns on channel 99.", [FINE, CHANNEL], [()]),
        ("He is away for 4 weeks.", ["away for four weeks", "away for six weeks"], [(1,)]),
        ("Yes.", [FINE], [()]),
        ("Rule 5 is about yachts.", [CHANNEL], [()]),
        ("The yacht follows rule 1.", ["Rule 1: a yacht follows the pilot."], [(1,)]),
        ("1. The master paid crowns.\n2. A yacht announces herself.", [FINE, CHANNEL], [(1,), (2,)]),
        ("- The master paid 4,275 crowns\n- A yacht waits on channel 12", [FINE, CHANNEL], [(1,), (2,)]),
        ("The master paid.", [], [()]),
        ("", [FINE], []),
    ],
)
def test_a_sentence_has_the_numbers_of_the_citations_that_carry_it(
    answer: str, quotes: list[str], wanted: list[tuple[int, ...]]
) -> None:
    assert [one.citations for one in sentence_sources(answer, quoted(*quotes))] == wanted


def test_a_sentence_is_a_span_of_the_answer() -> None:
    answer = "A yacht uses channel 12.  The master paid.\n\n- Dr. Brown came."
    found = sentence_sources(answer, quoted(CHANNEL))
    assert [answer[one.start : one.stop] for one in found] == [
        "A yacht uses channel 12.",
        "The master paid.",
        "- Dr. Brown came.",
    ]
    assert found[0] == SentenceSources(0, 24, (1,))


@given(st.text(), st.lists(st.text(), max_size=3))
def test_sentences_hold_everything_that_is_not_white_space(answer: str, quotes: list[str]) -> None:
    found = sentence_sources(answer, quoted(*quotes))
    ends = [0, *(at for one in found for at in (one.start, one.stop)), len(answer)]
    assert ends == sorted(ends)
    between = [answer[start:stop] for start, stop in zip(ends[::2], ends[1::2], strict=True)]
    assert not "".join(between).strip()
    assert all(1 <= number <= len(quotes) for one in found for number in one.citations)


@given(st.sampled_from([FINE, CHANNEL, "On 3 May 1893 the ferry sank."]))
def test_a_quote_carries_itself(quote: str) -> None:
    assert {number for one in sentence_sources(quote, quoted(quote)) for number in one.citations} == {1}
