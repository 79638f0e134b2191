"""Citations: the passages that are worth showing, without debris, as exact quotes of their pages."""

from __future__ import annotations

from dataclasses import replace

import pytest

from wholedoc.answering.evidence.citations import cite
from wholedoc.answering.evidence.passages import Passage
from wholedoc.documents.document import OutlineEntry
from wholedoc.reading.corpus import Corpus

from .corpora import corpus_of

FEE = "The fee at Mercy Dock is nine crowns."


def passages_of(corpus: Corpus, *scores: float) -> list[Passage]:
    """Return each page's whole text as a passage, with these scores."""
    pages = corpus.documents[0].tokenized.document.pages
    return [Passage(0, page, 0, len(pages[page].text), page, page + 1, score) for page, score in enumerate(scores)]


def with_outline(corpus: Corpus, *titles: str) -> Corpus:
    (one,) = corpus.documents
    document = replace(one.tokenized.document, outline=tuple(OutlineEntry(title, 1, 1) for title in titles))
    return Corpus.of([replace(one, tokenized=replace(one.tokenized, document=document))])


def quoted(corpus: Corpus, *scores: float) -> list[str]:
    return [one.quote for one in cite(corpus, passages_of(corpus, *scores))]


@pytest.mark.parametrize(
    "debris",
    [
        "7.2 Fees of the Docks",
        "FEES OF THE DOCKS",
        "- 12 -",
        "Fees of the docks ........ 12",
        "Fees . . . . . . 12",
    ],
)
def test_debris_is_no_citation(debris: str) -> None:
    corpus = with_outline(corpus_of([debris, FEE]), "Fees of the docks")
    assert quoted(corpus, 1.0, 0.5) == [FEE]
    assert cite(corpus, passages_of(corpus, 1.0, 0.5))[0].score == 1.0  # of those that are shown


@pytest.mark.parametrize("short", ["Channel 12", "Grey Heron", "Fees of the docks: nine crowns", "Who? I..."])
def test_a_short_passage_that_says_something_stays(short: str) -> None:
    corpus = with_outline(corpus_of([short, FEE]), "Fees of the docks")
    assert quoted(corpus, 1.0, 0.5) == [short, FEE]


def test_debris_is_shown_where_there_is_nothing_else() -> None:
    assert quoted(with_outline(corpus_of(["Fees of the docks"]), "1 Fees of the docks"), 1.0) == [
        "Fees of the docks"
    ]
    assert quoted(corpus_of([FEE, "A dog barked."]), 1.0, 0.001) == [FEE]
