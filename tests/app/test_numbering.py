"""Numbers of citations in a text that arrives in pieces."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from wholedoc.answering.sources import sentence_sources
from wholedoc.cli.printing.numbering import Numbering, in_brackets

from .answering.test_sources import CHANNEL, FINE
from .answering.test_unsupported import quoted

QUOTES = quoted(FINE, CHANNEL)
ANSWER = (
    'A yacht uses channel 12. Mr. Brown paid.\n\n- "The master paid 4,275 crowns." (A yacht waits on channel 12.)'
)
NUMBERED = (
    'A yacht uses channel 12. [2] Mr. Brown paid.\n\n- "The master paid 4,275 crowns." [1] '
    "(A yacht waits on channel 12.) [2]"
)


def printed(pieces: list[str]) -> list[str]:
    numbering = Numbering(QUOTES)
    return [*(numbering.add(piece) for piece in pieces), numbering.end()]


@given(st.lists(st.integers(0, len(ANSWER)), max_size=12))
def test_an_answer_has_its_numbers_however_it_arrives(cuts: list[int]) -> None:
    ends = [0, *sorted(cuts), len(ANSWER)]
    pieces = [ANSWER[start:stop] for start, stop in pairwise(ends)]
    assert "".join(printed(["\n ", *pieces, " \n"])) == NUMBERED


def test_words_are_not_kept_waiting() -> None:
    assert printed(["A", " yacht", " uses", " channel 12", ".", " The"]) == [
        "A",
        " yacht",
        " uses",
        " channel 12",
        ".",
        " [2] The",
        "",
    ]


@given(st.text(max_size=40), st.integers(0, 40))
def test_nothing_is_lost(text: str, cut: int) -> None:
    whole, expected, at = text.strip(), "", 0
    for one in sentence_sources(whole, QUOTES):
        expected += whole[at : one.stop] + in_brackets(one.citations)
        at = one.stop
    assert "".join(printed([text[:cut], text[cut:]])) == expected + whole[at:]
