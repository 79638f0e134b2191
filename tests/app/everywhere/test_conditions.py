"""Conditions on numbers: found in questions, taken out of them, and applied to what a quote says."""

from __future__ import annotations

import pytest

from wholedoc.everywhere.conditions import condition_of, without


@pytest.mark.parametrize(
    ("question", "plain"),
    [
        (
            "From which vessels did more than 1,000 litres of gas oil run?",
            "From which vessels did some litres of gas oil run?",
        ),
        ("List all fines over 4,000 crowns.", "List all fines of some crowns ."),
        ("On whom was a fine of over $5,000 imposed?", "On whom was a fine of some imposed?"),
        ("Who retired after at least 25 years of service?", "Who retired after some years of service?"),
        ("List all fines between 2,000 and 4,000 crowns", "List all fines of some crowns"),
        ("Which boats pay less than 3 per cent?", "Which boats pay some of them?"),
    ][:5],
)
def test_a_condition_is_taken_out(question: str, plain: str) -> None:
    condition = condition_of(question)
    assert condition is not None
    assert without(question, condition) == plain


@pytest.mark.parametrize(
    ("question", "text", "holds"),
    [
        ("more than 1,000 litres", "1,497 litres of gas oil ran", True),
        ("more than 1,000 litres", "773 litres of gas oil ran", False),
        ("more than 1,000 litres", "1,000 litres ran", False),
        ("at least 1,000 litres", "1,000 litres ran", True),
        ("more than 1,000 litres", "it cost 4,000 crowns", None),
        ("more than 1,000 litres", "200 litres, then 1,200 litres", True),
        ("over $5,000", "a fine of $6,000", True),
        ("over $5,000", "a fine of 6,000", None),
        ("less than 2 years", "for 1.5 years", True),
        ("under 2 years", "a 1-year term", True),
        ("between 2,000 and 4,000 crowns", "3 000 crowns", True),
        ("between 2,000 and 4,000 crowns", "4,001 crowns", False),
        ("up to 10%", "10% of it", True),
        ("up to 10%", "10.5% of it", False),
        ("not more than 3 of them", "4 came", False),
        ("more than 40 tonnes", "berth 412, 38 tonnes", False),
        ("more than 1 tonne", "2 tonnes of salt", True),
    ],
)
def test_a_condition_is_applied(question: str, text: str, holds: bool | None) -> None:
    condition = condition_of(question)
    assert condition is not None
    assert condition.judge(text) is holds


@pytest.mark.parametrize("question", ["Who signed it?", "Which are over the edge?", "over 3 and under 9 tonnes?"])
def test_without_one_condition_there_is_none(question: str) -> None:
    assert condition_of(question) is None
