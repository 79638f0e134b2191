"""Reads files in the format of InfiniteBench (context, input, answer, options), which are named by their tasks."""

from __future__ import annotations

from pathlib import Path

from ...errors import CasesError
from .case import Case, Metric
from .choices import ASK, accepted, listed
from .jsonl import rows, texts
from .longbench import document_case

TASKS = {
    "passkey": Metric.CONTAINS,
    "number_string": Metric.CONTAINS,
    "kv_retrieval": Metric.CONTAINS,
    "longdialogue_qa_eng": Metric.CONTAINS,
    "longbook_qa_eng": Metric.F1,
    "longbook_sum_eng": Metric.ROUGE,
    "longbook_choice_eng": Metric.CHOICE,
    "code_debug": Metric.CHOICE,
    "code_run": Metric.CONTAINS,
    "math_find": Metric.CONTAINS,
}
SUMMARISE = "Write a summary of the whole text."


def cases(path: Path, *, documents: int | None = None) -> list[Case]:
    """Return the first `documents` cases of a file. Raises CasesError for a file or task that is unknown."""
    metric = TASKS.get(path.stem)
    if metric is None:
        raise CasesError(f"{path}: no marks are known for task {path.stem!r}; there are {', '.join(TASKS)}")
    made: list[Case] = []
    for row in rows(path, ("context", "input", "answer")):
        question = str(row["input"]).strip() or SUMMARISE
        answers = texts(row["answer"])
        if metric is Metric.CHOICE:
            options = texts(row.get("options") or [])
            if answers[0] not in options:
                raise CasesError(f"{path}: the answer {answers[0]!r} is none of its options")
            question, answers = question + listed(options) + ASK, accepted(options, answers[0])
        made.append(document_case(path.stem, row["context"], question, answers, metric))
        if len(made) == documents:
            break
    return made
