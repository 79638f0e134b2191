"""Files in the form of LongBench: input, context, answers, dataset."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .case import Case, Metric
from .errors import CasesError
from .evidence import evidence_pages
from .jsonl import rows, texts
from .paging import paged


@dataclass(frozen=True)
class Dataset:
    """How its answers are marked, and how its question is asked; `{input}` is the row's own."""

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
    """The first `documents` cases of a file. Raises CasesError, also for a dataset of unknown marks."""
    made: list[Case] = []
    for row in rows(path, ("input", "context", "answers", "dataset")):
        # The parts of even lengths of LongBench-E carry its letter.
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
    """A case about one document without pages; its evidence is where an answer's words stand."""
    pages = paged(text)
    evidence = evidence_pages(pages, answers, metric)
    depth = min(evidence) / max(len(pages) - 1, 1) if evidence else None
    return Case(task, pages, question.strip(), answers, metric, evidence, depth)
