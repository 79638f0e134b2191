"""Reads files in the format of LongBench: input, context, answers, dataset."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ...errors import CasesError
from .case import Case, Metric, depth_of
from .evidence import evidence_pages
from .jsonl import rows, texts
from .paging import paged


@dataclass(frozen=True)
class Dataset:
    """How answers are marked, and how the question is asked; `{input}` stands for the row's input."""

    metric: Metric
    question: str = "{input}"


_F1, _ROUGE = Dataset(Metric.F1), Dataset(Metric.ROUGE, "Write a summary of the whole text.")
DATASETS = {
    **dict.fromkeys(("narrativeqa", "qasper", "multifieldqa_en", "hotpotqa", "2wikimqa", "musique"), _F1),
    **dict.fromkeys(("gov_report", "multi_news"), _ROUGE),
    "qmsum": Dataset(Metric.ROUGE),
    "samsum": Dataset(Metric.ROUGE),
    "triviaqa": _F1,
    "trec": Dataset(Metric.CONTAINS),
    "passage_retrieval_en": Dataset(
        Metric.CONTAINS, "Which paragraph is this a summary of? Answer with its number.\n{input}"
    ),
    "passage_count": Dataset(
        Metric.CONTAINS,
        "How many different paragraphs are there, counting each that comes again once? Answer with a number.",
    ),
}


def cases(path: Path, *, documents: int | None = None) -> list[Case]:
    """Return the first `documents` cases of a file. Raises CasesError for a file or dataset that is unknown."""
    made: list[Case] = []
    for row in rows(path, ("input", "context", "answers", "dataset")):
        # LongBench-E, a selection with evenly spread lengths, appends its letter to the names.
        name = str(row["dataset"]).removesuffix("_e")
        dataset = DATASETS.get(name)
        if dataset is None:
            raise CasesError(f"{path}: no marks are known for dataset {name!r}; there are {', '.join(DATASETS)}")
        question = dataset.question.format(input=row["input"])
        made.append(document_case(name, row["context"], question, texts(row["answers"]), dataset.metric))
        if len(made) == documents:
            break
    return made


def document_case(task: str, text: str, question: str, answers: tuple[str, ...], metric: Metric) -> Case:
    """Return a case about a text without pages, which is divided into some; its evidence is found by words."""
    pages = paged(text)
    evidence = evidence_pages(pages, answers, metric)
    return Case(task, pages, question.strip(), answers, metric, evidence, depth_of(evidence, pages))
