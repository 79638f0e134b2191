"""Makes cases of the questions about the sample documents: pages of a PDF, and each answer in one place."""

from __future__ import annotations

from wholedoc.documents.extraction import read_document

from ...sample import SAMPLES, sample_questions
from .case import Case, Metric, depth_of


def cases(file: str) -> list[Case]:
    """Return the questions about a sample document that the document answers."""
    pages = tuple(page.text for page in read_document(SAMPLES / file).pages)
    made: list[Case] = []
    for one in sample_questions(file):
        if one.answers:
            evidence = frozenset(page - 1 for page in one.pages)
            depth = depth_of(evidence, pages)
            made.append(Case("samples", pages, one.text, one.answers, Metric.CONTAINS, evidence, depth))
    return made
