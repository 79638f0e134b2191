"""Conditions: found in questions, taken out of them, and applied to what a text says."""

from __future__ import annotations

import pytest

from wholedoc.everywhere.conditions.stated import conditions_of, without


@pytest.mark.parametrize(
    ("question", "plain"),
    [
        (
            "From which vessels did more than 1,000 litres of gas oil run?",
            "From which vessels did some litres of gas oil run?",
        ),
        ("List all fines over 4,000 crowns.", "List all fines of some crowns."),
        ("On whom was a fine of over $5,000 imposed?", "On whom was a fine of some imposed?"),
        ("Who retired after at least 25 years of service?", "Who retired after some years of service?"),
        ("List all fines between 2,000 and 4,000 crowns", "List all fines of some crowns"),
        ("Which ships arrived after 3 May 2021?", "Which ships arrived?"),
        ("List payments of more than 50 euros from March to June 2020", "List payments of some euros"),
        ("Which variables whose names begin with R_LIBS are named?", "Which variables are named?"),
        ("Which programs that start with 'dh' are named?", "Which programs are named?"),
        ("Which files end with .py?", "Which files?"),
        ("List all fines between 1500 and 2000 crowns", "List all fines of some crowns"),
        ("Which fines of up to 2000 crowns were imposed in 2021?", "Which fines of some crowns were imposed?"),
    ],
)
def test_a_condition_is_taken_out(question: str, plain: str) -> None:
    assert without(question, conditions_of(question)) == plain


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
        ("after 3 May 2021", "on 4 May 2021", True),
        ("after 3 May 2021", "on 3 May 2021", False),
        ("after 3 May 2021", "on May 4th, 2021", True),
        ("after 3 May 2021", "on 2021-05-02 it", False),
        ("after 3 May 2021", "on 4 May", None),
        ("after 3 May 2021", "in June 2021", True),
        ("after 3 May 2021", "in May 2021", False),
        ("after 3 May", "on 4 May 1990", True),
        ("after 3 May", "on 2 May", False),
        ("in 1998", "of 12 March 1998", True),
        ("in 1998", "since 1999", False),
        ("before March 1999", "February 1999", True),
        ("before March 1999", "1 March 1999", False),
        ("between 3 and 9 May 2021", "on 9 May 2021", True),
        ("between 3 and 9 May 2021", "on 10 May 2021", False),
        ("from March to June 2020", "12 April 2020", True),
        ("from March to June 2020", "12 April 2019", False),
        ("in 2021", "a fine of 2000 crowns", None),
        ("in 2021", "In 2021 sales fell", True),
        ("in 2021", "Annual report 2020", False),
        ("before 2000", "built in 1999", True),
        ("names that begin with '.bash'", ".bashrc", True),
        ("since 2020-02-03", "3 February 2020", True),
        ("by the 1st of June 2020", "30 February 2020", None),
        ("names that begin with dh_", "dh_make", True),
        ("names that begin with dh_", "the make program", False),
        ("whose name starts with the letter A", "the Amber Dove", True),
        ("whose name starts with the letter A", "Bold Wren", False),
        ("whose names begin with R_LIBS", "r_libs_site", False),
        ("which end in '.pdf'", "manual.pdf", True),
    ],
)
def test_a_condition_is_applied(question: str, text: str, holds: bool | None) -> None:
    (condition,) = conditions_of(question)
    assert condition.judge(text) is holds


@pytest.mark.parametrize(
    "question",
    [
        "Who signed it?",
        "Which are over the edge?",
        "over 3 and under 9 tonnes?",
        "Which meetings start with a prayer?",
        "Which licences may be suspended?",
        "Which streets end in a square?",
        "Which reports on 2021 are there?",
        "Which pumps stop after 1800 turns?",
    ],
)
def test_without_one_condition_there_is_none(question: str) -> None:
    assert conditions_of(question) == []


def test_a_number_in_a_date_is_no_limit_of_its_own() -> None:
    conditions = conditions_of("Which fines over 400 crowns were paid after 3 May 2021?")
    assert [one.phrase for one in conditions] == ["after 3 May 2021", "over 400 crowns"]
