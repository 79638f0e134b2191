"""A sentence in a passage's words: others give way, a few of them, and then it is given up."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from parallelcomp import Sampling
from parallelcomp.decoding.decode import decode
from wholedoc.answering.steering.quoting import Vocabulary
from wholedoc.answering.steering.wording import Wording

from ...scripted import Scripted, wanting

HALF = "\N{REPLACEMENT CHARACTER}"
PIECES = ["<stop>", "\n", " The", " master", " paid", " 92", " crowns", ".", " He", " left", " fined", " 10"]
PIECES += [" -", " (", " 5", "-", "metre", " caf" + HALF, HALF, " café", " St"]
STOP, LINE_END = 0, 1
VOCABULARY = Vocabulary(
    frozenset({"paid", "92", "crowns", "left", "5", "café"}), frozenset({"the", "master", "he", "st"})
)


def said(token_ids: Sequence[int]) -> str:
    return "".join(PIECES[one] for one in token_ids).replace(f" caf{HALF}" * 2, " café")


def written(*rows: str | Sequence[str], temperature: float = 0.0, seed: int = 0) -> tuple[str, bool]:
    """What comes of a model that wants these, one row a token, and whether it was given up."""
    wanted = [[PIECES.index(piece) for piece in ([row] if isinstance(row, str) else row)] for row in rows]
    inner = Scripted([wanting(len(PIECES), *tokens) for tokens in wanted])
    state = Wording(inner, VOCABULARY, said, frozenset({STOP, LINE_END}), STOP)
    sampling = Sampling(max_new_tokens=12, temperature=temperature, seed=seed)
    ids = list(decode(state, [3], sampling, frozenset({STOP, LINE_END})))
    return said(ids), state.lost


def test_what_stands_in_the_passage_is_written_as_the_model_wants_it() -> None:
    assert written(" The", " master", " paid", " 92", " crowns", ".", "<stop>") == (
        " The master paid 92 crowns.",
        False,
    )
    assert written(" 92", "\n") == (" 92", False)


def test_a_word_that_stands_nowhere_gives_way_to_the_likeliest_that_does() -> None:
    rows = (" The", " master", " paid", [" 10", " -", " 5", " 92"], " crowns", "<stop>")
    assert written(*rows) == (" The master paid 5 crowns", False)


def test_two_words_may_be_replaced_and_a_third_gives_it_up() -> None:
    start = (" The", " master", " paid")
    assert written(*start, [" 10", " 92"], [" fined", " crowns"], "<stop>") == (" The master paid 92 crowns", False)
    _, lost = written(*start, [" 10", " 92"], [" fined", " crowns"], [" fined", " left"], "<stop>")
    assert lost


@pytest.mark.parametrize("before", [(), (" The",), (" The", " master")])
def test_an_answer_that_begins_with_other_words_is_given_up(before: tuple[str, ...]) -> None:
    assert written(*before, [" fined", " paid"], " 92", "<stop>") == ("".join(before), True)


def test_it_ends_with_its_first_sentence() -> None:
    assert written(" The", " master", " paid", ".", " He", " left", "<stop>") == (" The master paid.", False)
    assert written(" The", " master", " St", ".", " He", " left", "<stop>")[0] == " The master St. He left"


def test_signs_alone_do_not_follow_each_other() -> None:
    rows = (" The", " master", " paid", " -", [" -", " (", " 92"], " crowns", "<stop>")
    assert written(*rows) == (" The master paid - 92 crowns", False)


def test_no_hyphen_is_left_without_its_second_half() -> None:
    rows = (" The", " master", " paid", " 5", "-", ["metre", " crowns"], "<stop>")
    assert written(*rows) == (" The master paid 5-", True)


def test_a_letter_of_several_tokens_is_a_letter() -> None:
    half = " caf" + HALF
    assert written(" The", " master", " left", half, half, " (", "<stop>") == (" The master left café (", False)


def test_what_is_drawn_at_random_is_noticed_a_token_later() -> None:
    """With a temperature anything may be drawn, but nothing is gone on with that stands nowhere."""
    lost = 0
    for seed in range(20):
        text, given_up = written([" The", " fined"], [" master", " 10"], " left", temperature=3.0, seed=seed)
        lost += given_up
        assert VOCABULARY.has_begun(text.rpartition(" ")[0])
    assert 0 < lost < 20
