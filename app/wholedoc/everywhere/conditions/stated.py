"""All conditions of a question, and the question without them."""

from __future__ import annotations

from collections.abc import Sequence

from .condition import Condition
from .dates import date_conditions
from .numbers import number_conditions
from .spelling import spelling_conditions


def conditions_of(question: str) -> list[Condition]:
    """Return the conditions that a question states; none of a kind that it states more than once.

    Two limits on numbers ("over 3 tonnes and under 9 crowns") may be joined in any way, and are left to the writer.
    """
    dates = date_conditions(question)
    rest = without(question, dates)  # "after 3 May 2021" is no condition on the number 3
    kinds: tuple[Sequence[Condition], ...] = (dates, number_conditions(rest), spelling_conditions(rest))
    return [some[0] for some in kinds if len(some) == 1]


def without(question: str, conditions: Sequence[Condition]) -> str:
    """Return the question without some of its conditions."""
    for one in conditions:
        question = one.removed(question)
    return question
