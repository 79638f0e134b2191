"""Marks how right an answer is, from 0 to 1."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Container, Iterable, Sequence

from .case import Metric

_NO_WORD = re.compile(r"[^\w\s]|_")
_ARTICLE = re.compile(r"\b(a|an|the)\b")
# Matches capitals that stand alone ("(B)", "B.", "BD"), but not the article of "A man" nor the "I" of "I think".
_LETTERS = re.compile(r"(?<![\w'])(?!I\b)(?!A [a-z])[A-J]+(?![\w'])")


def normalised(text: str) -> str:
    """Return the words in lower case without punctuation and articles, as SQuAD compares them.

    A text of articles alone keeps them.
    """
    plain = _NO_WORD.sub("", text.lower())
    return " ".join(_ARTICLE.sub(" ", plain).split()) or " ".join(plain.split())


def contains(text: str, wanted: str) -> bool:
    """Return whether the whole words of `wanted` stand side by side in `text`. Both must be normalised."""
    return bool(wanted) and f" {wanted} " in f" {text} "


def mark(text: str, answers: Sequence[str], metric: Metric) -> float:
    """Return how right `text` is, from 0 to 1. Raises ValueError if there is no accepted answer."""
    if not answers:
        raise ValueError("an answer can only be marked against accepted answers")
    return _MARKS[metric](text, answers)


def evidence_rank(cited: Iterable[int], evidence: Container[int]) -> int | None:
    """Return the 1-based rank of the first cited page that is an evidence page; None if there is none."""
    return next((rank for rank, page in enumerate(cited, 1) if page in evidence), None)


def _contains(text: str, answers: Sequence[str]) -> float:
    return float(any(contains(normalised(text), normalised(one)) for one in answers))


def _all(text: str, answers: Sequence[str]) -> float:
    return sum(contains(normalised(text), normalised(one)) for one in answers) / len(answers)


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
    """Return F1: the harmonic mean of the share of `shared` words in the text and of that in the answer."""
    said, wanted = normalised(text).split(), normalised(answer).split()
    count = shared(said, wanted)
    return 2 * count / (len(said) + len(wanted)) if count else 0.0


def _in_common(said: list[str], wanted: list[str]) -> int:
    return sum((Counter(said) & Counter(wanted)).values())


def _subsequence(said: list[str], wanted: list[str]) -> int:
    """Return the length of the longest common subsequence, in words."""
    best = [0] * (len(wanted) + 1)
    for word in said:
        before = best[:]
        for index, other in enumerate(wanted):
            best[index + 1] = before[index] + 1 if word == other else max(before[index + 1], best[index])
    return best[-1]


_MARKS: dict[Metric, Callable[[str, Sequence[str]], float]] = {
    Metric.CONTAINS: _contains,
    Metric.ALL: _all,
    Metric.F1: _f1,
    Metric.ROUGE: _rouge,
    Metric.CHOICE: _choice,
}
