"""Conditions on numbers that a question states ("more than 4,000 crowns"): code applies them, not a model."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from .condition import Where, put_together

# A number as it is written, with separators of thousands and a decimal point.
NUMBER = r"\d{1,3}(?:[, ’']\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
SIGN = r"[$€£¥]"
COMPARED: dict[str, Callable[[float, float], bool]] = {
    "more than": operator.gt,
    "greater than": operator.gt,
    "longer than": operator.gt,
    "older than": operator.gt,
    "over": operator.gt,
    "above": operator.gt,
    "exceeding": operator.gt,
    "at least": operator.ge,
    "no less than": operator.ge,
    "not less than": operator.ge,
    "less than": operator.lt,
    "fewer than": operator.lt,
    "shorter than": operator.lt,
    "younger than": operator.lt,
    "under": operator.lt,
    "below": operator.lt,
    "at most": operator.le,
    "up to": operator.le,
    "no more than": operator.le,
    "not more than": operator.le,
}
# Longer phrases first: "no more than" contains "more than".
PHRASES = "|".join(sorted(COMPARED, key=len, reverse=True))
STATED = re.compile(
    rf"\b(?P<how>{PHRASES})\s+(?P<sign>{SIGN})?\s?(?P<last>{NUMBER})(?:\s*(?P<unit>%|[^\W\d]+))?", re.I
)
BETWEEN = re.compile(
    rf"\bbetween\s+(?P<sign>{SIGN})?\s?(?P<low>{NUMBER})\s+and\s+{SIGN}?\s?(?P<last>{NUMBER})(?:\s*(?P<unit>%|[^\W\d]+))?",
    re.I,
)
# These may follow a noun ("fines above 50 crowns"), as the others may not.
PREPOSITIONS = frozenset(["over", "above", "exceeding", "under", "below", "up", "between"])
# Words that stand behind a number without being its unit.
NO_UNIT = frozenset(["and", "or", "of", "in", "on", "at", "to", "for", "by", "per", "was", "were", "is", "are"])


@dataclass(frozen=True)
class NumberCondition:
    """What a number must satisfy: `allows` of the number, which stands with `unit` or, if that is empty, alone.

    `phrase` is how the question states it.
    """

    phrase: str
    unit: str
    allows: Callable[[float], bool]
    where: Where = Where.QUOTE

    def judge(self, text: str) -> bool | None:
        """Return whether a number of the text with this unit satisfies the condition; None if there is none."""
        numbers = list(self._numbers(text))
        return any(self.allows(number) for number in numbers) if numbers else None

    def removed(self, question: str) -> str:
        """Return the question with "some" in place of the limit."""
        before, _, behind = question.partition(self.phrase)
        how = self.phrase.split()[0].casefold()
        links = how in PREPOSITIONS and not re.search(
            r"\b(of|did|do|does|was|were|is|are|has|have|after|for)\s*$", before
        )
        unit = self.unit if self.unit.isalpha() else ""
        return put_together(before, "of some" if links else "some", unit, behind)

    def _numbers(self, text: str) -> Iterator[float]:
        for match in re.finditer(rf"({SIGN})?\s?(?<![\w.,])({NUMBER})(?:[ \n-]?(%|[^\W\d]+))?", text):
            sign, number, word = match.groups()
            if not self.unit or sign == self.unit or (word and _alike(word, self.unit)):
                yield _value(number)


def number_conditions(question: str) -> list[NumberCondition]:
    """Return the conditions on numbers that a question states."""
    stated = [_compared(match) for match in STATED.finditer(question)]
    return stated + [_between(match) for match in BETWEEN.finditer(question)]


def _compared(match: re.Match[str]) -> NumberCondition:
    compare, limit = COMPARED[match["how"].casefold()], _value(match["last"])
    return NumberCondition(_phrase(match), _unit(match), lambda number: compare(number, limit))


def _between(match: re.Match[str]) -> NumberCondition:
    low, high = _value(match["low"]), _value(match["last"])
    return NumberCondition(_phrase(match), _unit(match), lambda number: low <= number <= high)


def _phrase(match: re.Match[str]) -> str:
    """Return what the question says of the number, with its unit but not with any other word behind it."""
    by_word = _unit(match) and not match["sign"]
    return match[0] if by_word else match[0][: match.end("last") - match.start()]


def _unit(match: re.Match[str]) -> str:
    unit = match["sign"] or match["unit"] or ""
    return "" if unit.casefold() in NO_UNIT else unit


def _alike(word: str, unit: str) -> bool:
    """Return whether two words are the same but for an ending, as "crown" and "crowns" are."""
    one, other = sorted((word.casefold(), unit.casefold()), key=len)
    return other.startswith(one[: max(3, len(one) - 1)]) and len(other) - len(one) <= 2


def _value(number: str) -> float:
    return float(re.sub(r"[, ’']", "", number))
