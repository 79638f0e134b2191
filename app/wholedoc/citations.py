"""Citations: the sentences of the kept chunks that the question and the answer look at, as exact quotes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from parallelcomp import ChunkScore

from .answer import Citation
from .corpus import Corpus
from .sentences import sentences


@dataclass(frozen=True)
class Candidate:
    """A sentence that may be cited: its place, its tokens in the corpus [first, last), and its chunk's index."""

    document: int
    page: int
    start: int
    stop: int
    first: int
    last: int
    chunk: int


def candidates(corpus: Corpus, kept: Sequence[ChunkScore]) -> Iterator[Candidate]:
    """Every sentence that begins in a kept chunk, in document order."""
    for score in kept:
        chunk = corpus.chunks[score.index].chunk
        document, offset = corpus.locate(chunk.start)
        tokenized = corpus.documents[document].tokenized
        pages = tokenized.pages
        for page in range(int(pages[offset]), int(pages[offset + len(chunk) - 1]) + 1):
            text_page = tokenized.document.pages[page]
            for sentence in sentences(text_page.text):
                first, last = tokenized.token_range(
                    text_page.offset + sentence.start, text_page.offset + sentence.stop
                )
                if offset <= first < offset + len(chunk):
                    base = corpus.token_offsets[document]
                    yield Candidate(
                        document, page, sentence.start, sentence.stop, base + first, base + last, score.index
                    )


def cite(
    corpus: Corpus, kept: Sequence[ChunkScore], attention: NDArray[np.float32], limit: int = 5
) -> tuple[Citation, ...]:
    """The `limit` best sentences. `attention` (corpus tokens,) is what question and answer pay to each token."""
    ranked = sorted(
        ((_score(candidate, attention), candidate) for candidate in candidates(corpus, kept)),
        key=lambda pair: -pair[0],
    )
    return tuple(_citation(corpus, candidate, score) for score, candidate in ranked[:limit])


def _score(candidate: Candidate, attention: NDArray[np.float32]) -> float:
    return float(attention[candidate.first : candidate.last].sum())


def _citation(corpus: Corpus, candidate: Candidate, score: float) -> Citation:
    document = corpus.documents[candidate.document].tokenized.document
    page = document.pages[candidate.page]
    quote = page.text[candidate.start : candidate.stop]
    return Citation(document.id, document.name, candidate.page + 1, page.label, quote, round(score, 4))
