"""When what a writer says counts as "the document does not say": it says so itself, or makes up a number."""

from __future__ import annotations

from collections.abc import Sequence

from ..writers.assignment import is_not_stated, may_be_not_stated
from .evidence.absent_names import ASKS
from .unsupported import makes_up_numbers


def is_refused(text: str, question: str, sources: Sequence[str]) -> bool:
    """Return whether an answer is none: the writer says so, or it has numbers that none of `sources` has.

    `sources` are all texts that the writer saw. Only answers to English questions are looked at for numbers, since
    documents in other languages write them in words that are not known here.
    """
    return is_not_stated(text) or (bool(ASKS.search(question)) and makes_up_numbers(text, sources))


def may_be_refused(begun: str, question: str, sources: Sequence[str]) -> bool:
    """Return whether an answer that begins so may still become none."""
    in_a_number = begun.strip()[-1:].isdigit()
    return may_be_not_stated(begun) or in_a_number or is_refused(begun, question, sources)
