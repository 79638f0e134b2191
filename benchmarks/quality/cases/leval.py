"""Reads files in the format of L-Eval: a document, its questions, their answers and how they are marked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...errors import CasesError
from .case import BETWEEN, Case, Metric, depth_of
from .choices import ASK, lettered
from .evidence import evidence_pages
from .haystack import Count
from .jsonl import rows, texts
from .paging import paged

# Its authors have some answers marked by people or a large model; here the words in common count instead.
EVALUATIONS = {
    "f1": Metric.F1,
    "LLM": Metric.F1,
    "human": Metric.F1,
    "rouge": Metric.ROUGE,
    "exam": Metric.CONTAINS,
}


@dataclass(frozen=True)
class Asked:
    """A question, its accepted answers and how an answer is marked."""

    question: str
    answers: tuple[str, ...]
    metric: Metric


@dataclass(frozen=True)
class Source:
    """A document and all questions about it."""

    pages: tuple[str, ...]
    asked: tuple[Asked, ...]


def sources(path: Path) -> list[Source]:
    """Return the file's documents in order; rows with the same document become one. Raises CasesError."""
    documents: dict[str, dict[str, Asked]] = {}
    for row in rows(path, ("document", "questions", "answers", "evaluation")):
        known = documents.setdefault(row["document"], {})
        for question, answer in zip(row["questions"], row["answers"], strict=True):
            asked = _asked(path, question, answer, row["evaluation"])
            known.setdefault(asked.question, asked)
    return [Source(paged(text), tuple(asked.values())) for text, asked in documents.items()]


def cases(
    path: Path,
    count: Count,
    *,
    documents: int | None = None,
    questions: int | None = None,
    tokens: int | None = None,
) -> list[Case]:
    """Return the first `questions` cases about each of the first `documents`.

    With `tokens`, documents follow one another in texts of about that length. The last document of a text is cut at
    the end of a page, and only whole ones are asked about. A file with fewer tokens gives a shorter text. Raises
    CasesError.
    """
    found = sources(path)
    asked = range(min(documents or len(found), len(found)))
    alone = (((index,), found[index].pages) for index in asked)
    made: list[Case] = []
    left = set(asked)
    for whole, pages in _laid(found, asked, tokens, count) if tokens else alone:
        first = 0
        for index in whole:
            if index in left:
                left.remove(index)
                made += [
                    _case(path.stem, pages, first, found[index], one) for one in found[index].asked[:questions]
                ]
            first += len(found[index].pages)
    return made


def _laid(
    found: Sequence[Source], asked: range, tokens: int, count: Count
) -> Iterator[tuple[tuple[int, ...], tuple[str, ...]]]:
    """Yield texts as whole documents' indices and pages, until every asked document was whole in one."""
    left = list(asked)
    while left:
        whole: list[int] = []
        pages: list[str] = []
        room = tokens
        for index in (*range(left[0], len(found)), *range(left[0])):
            sizes = [count(page + BETWEEN) for page in found[index].pages]
            if sum(sizes) <= room or not whole:
                whole.append(index)
                pages += found[index].pages
                room -= sum(sizes)
                continue
            for page, size in zip(found[index].pages, sizes, strict=True):
                if size > room:
                    break
                pages.append(page)
                room -= size
            break
        yield tuple(whole), tuple(pages)
        left = [index for index in left if index not in whole]


def _case(task: str, pages: tuple[str, ...], first: int, source: Source, asked: Asked) -> Case:
    """Return a case about the document that begins on page `first`; evidence is looked for in it alone."""
    within = evidence_pages(source.pages, asked.answers, asked.metric)
    evidence = frozenset(first + page for page in within)
    return Case(task, pages, asked.question, asked.answers, asked.metric, evidence, depth_of(evidence, pages))


def _asked(path: Path, question: str, answer: object, evaluation: str) -> Asked:
    metric = EVALUATIONS.get(evaluation)
    if metric is None:
        raise CasesError(f"{path}: evaluation {evaluation!r} is not known; there are {', '.join(EVALUATIONS)}")
    answers = texts(answer)
    letters = lettered(answers[0]) if evaluation == "exam" else ()
    if letters:
        return Asked(question.strip() + ASK, letters, Metric.CHOICE)
    return Asked(question.strip(), answers, metric)
