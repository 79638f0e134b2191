"""Conditions on how a name is spelled ("whose names begin with dh_")."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from .condition import Where, put_together


class At(Enum):
    """Where in a name the letters stand."""

    BEGINNING = "beginning"
    END = "end"


# What leads to the condition, the verb, and the letters, which may stand in quotation marks.
STATED = re.compile(
    r"(?P<lead>\s*,?\s*\b(?:whose\s+names?|with\s+names?|which|that)\s+)?"
    r"\b(?:(?P<first>begin|start)|(?P<last>end))(?:s|ning|ting|ing)?\s+(?:with|in)\s+"
    r"(?:the\s+)?(?P<kind>letters?\s+|prefix\s+|suffix\s+)?"
    r"(?P<mark>[\"'“‘])?(?P<letters>[\w#@$%&/\\.:+*~-]*[\w#@$%&/\\:+*~-])[\"'”’]?",
    re.I,
)
# Letters that are no ordinary word: "start with dh_" is about spelling, "start with a prayer" is not.
SIGNS = re.compile(r"^\.|[#@$%&/\\:+*~_-]")
# What belongs to a name beside letters and digits.
NAME = re.compile(r"[\w#@$%&/\\.:+*~-]+")


@dataclass(frozen=True)
class SpellingCondition:
    """A name must begin, or end, with some letters. Case counts if the letters have capitals beyond the first."""

    phrase: str
    at: At
    letters: str
    where: Where = Where.ITEM

    def judge(self, text: str) -> bool | None:
        """Return whether a name in the text is spelled so; never None."""
        return any(self._fits(name.rstrip(".:")) for name in NAME.findall(text))

    def removed(self, question: str) -> str:
        """Return the question without what it says of the spelling."""
        before, _, behind = question.partition(self.phrase)
        return put_together(before, behind)

    def _fits(self, name: str) -> bool:
        letters = self.letters
        if letters[1:].casefold() == letters[1:]:
            name, letters = name.casefold(), letters.casefold()
        return name.startswith(letters) if self.at is At.BEGINNING else name.endswith(letters)


def spelling_conditions(question: str) -> list[SpellingCondition]:
    """Return the conditions on spelling that a question states."""
    return [
        SpellingCondition(match[0], At.BEGINNING if match["first"] else At.END, match["letters"])
        for match in STATED.finditer(question)
        if _is_about_spelling(match)
    ]


def _is_about_spelling(match: re.Match[str]) -> bool:
    """Return whether it is said that a name is meant, or the letters can be nothing else."""
    says_name = "name" in (match["lead"] or "").casefold()
    return bool(says_name or match["kind"] or match["mark"] or SIGNS.search(match["letters"]))
