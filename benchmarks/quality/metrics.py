"""Marks: how right an answer is, from 0 to 1."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence

from .case import Metric

_NO_WORD = re.compile(r"[^\w\s]|_")
_ARTICLE = re.compile(r"\b(a|an|the)\b")
# A capital that stands alone, "(B)" or "B." or "BD"; not the article of "A man", nor the "I" of "I think".
_LETTERS = re.compile(r"(?<![\w'])(?!I\b)(?!A [a-z])[A-J]+(?![\w'])")


def normalised(text: str) -> str:
    """Words in lower case without punctuation and articles, as SQuAD compares them; articles stay if all is one."""
    plain = _NO_WORD.sub("", text.lower())
    return " ".join(_ARTICLE.sub(" ", plain).split()) or " ".join(plain.split())


def contains(text: str, wanted: str) -> bool:
    """Whether the words of `wanted` stand in `text`, whole and side by side; both are normalised already."""
    return bool(wanted) and f" {wanted} " in f" {text} "


def mark(text: str, answers: Sequence[str], metric: Metric) -> float:
    """How right `text` is. Raises ValueError without an accepted answer."""
    if not answers:
        raise ValueError("an answer can only be marked against accepted answers")
    return _MARKS[metric](text, answers)


def _contains(text: str, answers: Sequence[str]) -> float:
    return float(any(contains(normalised(text), normalised(one)) for one in answers))


def _all(text: str, answers: Sequence[str]) -> float:
    return sum(contains(normalised(text), normalised(one)) for one in answers) / len(answers)


def _exact(text: str, answers: Sequence[str]) -> float:
    return float(normalised(text) in {normalised(one) for one in answers})


def _f1(text: str, answers: Sequence[str]) -> float:
    return max(_harmonic(_in_common, text, one) for one in answers)


def _rouge(text: str, answers: Sequence[str]) -> float:
    return max(_harmonic(_subsequence, text, one) for one in answers)


def _choice(text: str, answers: Sequence[str]) -> float:
    letters, *words = answers
    named = _LETTERS.findall(text)
    if named:
        said = "".join(named) if len(letters) > 1 else named[0]
        return float(set(said) == set(letters))
    return _contains(text, words) if words else 0.0


def _harmonic(shared: Callable[[list[str], list[str]], int], text: str, answer: str) -> float:
    """The harmonic mean of the shares that `shared` words have of the text's and of the answer's."""
    said, wanted = normalised(text).split(), normalised(answer).split()
    count = shared(said, wanted)
    return 2 * count / (len(said) + len(wanted)) if count else 0.0


def _in_common(said: list[str], wanted: list[str]) -> int:
    return sum((Counter(said) & Counter(wanted)).values())


def _subsequence(said: list[str], wanted: list[str]) -> int:
    """Length of the longest common subsequence."""
    best = [0] * (len(wanted) + 1)
    for word in said:
        before = best[:]
        for index, other in enumerate(wanted):
            best[index + 1] = before[index] + 1 if word == other else max(before[index + 1], best[index])
    return best[-1]


_MARKS: dict[Metric, Callable[[str, Sequence[str]], float]] = {
    Metric.CONTAINS: _contains,
    Metric.ALL: _all,
    Metric.EXACT: _exact,
    Metric.F1: _f1,
    Metric.ROUGE: _rouge,
    Metric.CHOICE: _choice,
}
