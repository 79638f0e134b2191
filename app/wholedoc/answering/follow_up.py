"""Questions that refer to what was said before: which they are, and what stands in for them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..conversation import Turn
from ..writers.assignment import NAME

WORD = re.compile(r"\w+")
# Words that stand for something named before. Where a language is none of these, only very short questions count.
REFERRING = frozenset(
    [
        "he",
        "him",
        "his",
        "she",
        "her",
        "hers",
        "it",
        "its",
        "they",
        "them",
        "their",
        "theirs",
        "this",
        "that",
        "these",
        "those",
        "there",
        "then",
        "such",
        "same",
        "one",
        "ones",
        "former",
        "latter",
        "above",
        "else",
        "other",
        "others",
        "another",
    ]
)
# How a question begins that goes on from the one before.
GOING_ON = re.compile(r"^\s*(and|but|so|or|then|also|what about|how about|what if|why not|since when)\b", re.I)
# A name, a number or a quotation says what the question is about, wherever it refers to besides.
NAMED = re.compile(rf"{NAME.pattern}|\d|[\"“]")
FEW_WORDS = 3
# A task for all that is asked needs nothing that was named before, however short it is.
ABOUT_ALL = re.compile(
    r"^\s*(please )?(summari[sz]e|introduce|describe|outline)( (the|this|these|both|all|whole|entire|of it))*"
    r"( (documents?|files?|books?|manuals?|contracts?|reports?|papers?|texts?))?\W*$",
    re.I,
)
# This many of the last turns tell what a question refers to.
TURNS = 3


def refers_back(question: str, history: Sequence[Turn]) -> bool:
    """Return whether a question cannot be understood without the turns before it.

    It is a rule about English words, made to be right where it says no: a question that stands alone must not be
    changed.
    """
    if not history:
        return False
    text = question.strip()
    if ABOUT_ALL.match(text):
        return False
    words = [word.casefold() for word in WORD.findall(text)]
    if GOING_ON.search(text) or len(words) <= FEW_WORDS:
        return True
    return not NAMED.search(text) and not REFERRING.isdisjoint(words[1:])


def with_the_question_before(question: str, history: Sequence[Turn]) -> str:
    """Return the question behind the last one that stands alone: what is asked if nobody can rewrite it."""
    standing = (
        turn.question
        for index, turn in reversed(list(enumerate(history)))
        if not refers_back(turn.question, history[:index])
    )
    return f"{next(standing).strip()} {question.strip()}"  # the first turn has nothing to refer to


def last_turns(history: Sequence[Turn]) -> list[tuple[str, str]]:
    """Return the questions and answers of the last turns."""
    return [(turn.question, turn.answer) for turn in history[-TURNS:]]
