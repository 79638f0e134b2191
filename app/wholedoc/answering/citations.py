"""Citations: the best passages as exact quotes of their pages."""

from __future__ import annotations

from collections.abc import Sequence

from ..answer import Citation
from ..reading.corpus import Corpus
from .passages import Passage

# A passage whose score is below this share of the best one's only distracts.
WORTH_SHOWING = 0.02


def worth_showing(passages: Sequence[Passage]) -> list[Passage]:
    """Return the passages that are not far behind the best."""
    best = max((passage.score for passage in passages), default=0.0)
    return [passage for passage in passages if best > 0 and passage.score >= WORTH_SHOWING * best]


def cite(corpus: Corpus, passages: Sequence[Passage]) -> tuple[Citation, ...]:
    """Return one citation for each passage that is worth showing.

    Scores are relative to the best passage, whose score is 1."""
    shown = worth_showing(passages)
    best = max((passage.score for passage in shown), default=0.0)
    return tuple(_citation(corpus, passage, passage.score / best) for passage in shown)


def _citation(corpus: Corpus, passage: Passage, score: float) -> Citation:
    document = corpus.documents[passage.document].tokenized.document
    page = document.pages[passage.page]
    quote = page.text[passage.start : passage.stop]
    return Citation(document.id, document.name, passage.page + 1, page.label, quote, round(score, 4))
