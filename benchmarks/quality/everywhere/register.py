"""List and count questions about the register, whose generator knows what answers them.

A pattern finds the answers in the generator's own paragraphs, before they are set on pages.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from ...sample import SAMPLES

NAME = r"([A-Z][\w'’]+(?: (?:and )?[A-Z][\w'’]+)+)"
MINUTE = rf"^Minute \d+\. {NAME}\. .*?"


@dataclass(frozen=True)
class ListQuestion:
    """A question, and the items that answer it, each in the spelling of the document."""

    text: str
    answers: tuple[str, ...]


def _more_than(limit: int) -> Callable[[re.Match[str]], bool]:
    return lambda match: int(match["number"].replace(",", "")) > limit


def _less_than(limit: int) -> Callable[[re.Match[str]], bool]:
    return lambda match: int(match["number"].replace(",", "")) < limit


def _any(_: re.Match[str]) -> bool:
    return True


_ASKED: tuple[tuple[str, str, Callable[[re.Match[str]], bool]], ...] = (
    ("From which vessels did gas oil run?", rf"litres of gas oil ran from the [a-z ]+ {NAME} at", _any),
    (
        "From which vessels did more than 1,000 litres of gas oil run?",
        rf"(?P<number>[\d,]+) litres of gas oil ran from the [a-z ]+ {NAME} at",
        _more_than(1000),
    ),
    ("Which vessels took the ground?", rf"(?:the [a-z ]+ )?{NAME},? took the ground", _any),
    ("Which vessels dragged their anchor?", rf"The {NAME}, an? [a-z ]+ belonging to .* dragged her", _any),
    ("From which vessels did thieves take cargo?", rf"Thieves came aboard the {NAME} at", _any),
    ("Aboard which vessels was smoke seen?", rf"Smoke was seen from the {NAME} at", _any),
    ("Which companies' lorries ran over the edge of a berth?", r"A lorry of ([\w ]+?) ran over", _any),
    ("Which vessels fouled their screw?", rf"the [a-z ]+ {NAME} fouled her screw", _any),
    ("Who was struck by gear aboard a vessel?", rf"(?:^|\. ){NAME}, an? [\w' ]+ of this port, was struck", _any),
    ("Who was kept in the infirmary?", rf"{NAME}, who had been nearest, was kept in the infirmary", _any),
    (
        "Whose licences were suspended?",
        rf"licence of {NAME} \([\w' ]+\) was suspended|^Ruling \d+\. {NAME} and .*?[Tt]he licence was suspended",
        _any,
    ),
    ("Who was refused a licence?", rf"(?:Refused|Declined): {NAME} wished", _any),
    (
        "Which licence holders gave up their trade?",
        rf"{NAME} gave up the trade of|{NAME}, last of the quill cutters, gave up",
        _any,
    ),
    ("Who died in service?", rf"{MINUTE}Died in service", _any),
    (
        "Who retired after more than 25 years of service?",
        rf"{MINUTE}Retired on [\w ]+ as [\w ]+ after (?P<number>\d+) years",
        _more_than(25),
    ),
    ("Who was bound apprentice?", rf"{MINUTE}Bound apprentice", _any),
    ("In which inspections was the berth graded D?", r"^(Inspection \d+)\..*?(?:graded|mark given is) D\b", _any),
    (
        "On whom was a fine of more than 5,000 crowns imposed?",
        r"[Aa] fine of (?P<number>[\d,]+) crowns was imposed on ([\w ]+?),",
        _more_than(5000),
    ),
    (
        "Which contracts went to a company for less than 40,000 crowns?",
        rf"^Contract \d+\. .*?(?:went to|that of) {NAME} (?:for|at) (?P<number>[\d,]+) crowns",
        _less_than(40000),
    ),
    (
        "In which rulings did the parties come to terms or settle?",
        r"^(Ruling \d+)\..*?The parties (?:came|settled)",
        _any,
    ),
)


def questions() -> list[ListQuestion]:
    """Return the questions with their answers, by the register's own paragraphs."""
    found: list[ListQuestion] = []
    for text, pattern, holds in _ASKED:
        matches = (re.search(pattern, paragraph, re.S) for paragraph in _paragraphs())
        answers = [_name(match) for match in matches if match is not None and holds(match)]
        found.append(ListQuestion(text, tuple(dict.fromkeys(answers))))
    return found


def _name(match: re.Match[str]) -> str:
    """Return the group that is no number."""
    number = match.groupdict().get("number")
    return next(group for group in match.groups() if group and group != number)


@cache
def _paragraphs() -> tuple[str, ...]:
    """Return the numbered paragraphs of the register as its generator writes them."""
    sys.path.insert(0, str(SAMPLES))
    try:
        from harbour.pages import Entry  # type: ignore[import-not-found]
        from harbour.register import chapters  # type: ignore[import-not-found]
    finally:
        sys.path.remove(str(SAMPLES))
    blocks = (block for chapter in chapters() for section in chapter.sections for block in section.blocks)
    return tuple(f"{block.head} {block.body}" for block in blocks if isinstance(block, Entry))
