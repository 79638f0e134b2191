"""Citations: the best passages as exact quotes of their pages."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ...answer import Citation
from ...documents.document import Document
from ...reading.corpus import Corpus
from .passages import Passage

# A passage whose score is below this share of the best one's only distracts.
WORTH_SHOWING = 0.02
_WORD = re.compile(r"[^\W\d_]{2,}")
_SIGNS = re.compile(r"[^\w]+")
# What leads from a title to its page in a table of contents.
_LEADERS = re.compile(r"(?:\. ?){5,}|…{2,}")


def worth_showing(passages: Sequence[Passage]) -> list[Passage]:
    """Return the passages that are not far behind the best."""
    best = max((passage.score for passage in passages), default=0.0)
    return [passage for passage in passages if best > 0 and passage.score >= WORTH_SHOWING * best]


def cite(corpus: Corpus, passages: Sequence[Passage]) -> tuple[Citation, ...]:
    """Return one citation for each passage that is worth showing and says something.

    Scores are relative to the best passage, whose score is 1."""
    worth = worth_showing(passages)
    shown = [one for one in worth if not _says_nothing(corpus, one)] or worth
    best = max((passage.score for passage in shown), default=0.0)
    return tuple(_citation(corpus, passage, passage.score / best) for passage in shown)


def _says_nothing(corpus: Corpus, passage: Passage) -> bool:
    """Return whether a passage is debris: a heading alone, a page's number, or a line of a table of contents."""
    text = " ".join(passage.text(corpus).split())
    if _WORD.search(text) is None or _LEADERS.search(text):
        return True
    return _plain(text) in _titles(corpus.documents[passage.document].tokenized.document)


def _titles(document: Document) -> frozenset[str]:
    return frozenset(_plain(entry.title) for entry in document.outline)


def _plain(title: str) -> str:
    """Return a title without its number and whatever is no letter or digit."""
    words = _SIGNS.sub(" ", title).casefold().split()
    while words and any(sign.isdigit() for sign in words[0]):
        words = words[1:]
    return " ".join(words)


def _citation(corpus: Corpus, passage: Passage, score: float) -> Citation:
    document = corpus.documents[passage.document].tokenized.document
    page = document.pages[passage.page]
    quote = page.text[passage.start : passage.stop]
    return Citation(document.id, document.name, passage.page + 1, page.label, quote, round(score, 4))
