"""The sample documents' questions as cases: real PDF pages, every answer in one place."""

from __future__ import annotations

from wholedoc.documents.extraction import read_document

from ..sample import SAMPLES, sample_questions
from .case import Case, Metric


def cases(file: str) -> list[Case]:
    """The questions about a sample document that it answers."""
    pages = tuple(page.text for page in read_document(SAMPLES / file).pages)
    made: list[Case] = []
    for one in sample_questions(file):
        if one.answers:
            evidence = frozenset(page - 1 for page in one.pages)
            depth = min(evidence) / max(len(pages) - 1, 1)
            made.append(Case("samples", pages, one.text, one.answers, Metric.CONTAINS, evidence, depth))
    return made
