"""Documents whose tokens are their words and signs, for tests of passages: no model is needed."""

from __future__ import annotations

import re
from itertools import pairwise

import numpy as np
import torch

from parallelcomp import Chunk, ChunkKV, ChunkScore, DenseKV
from wholedoc.answering.evidence.passages import Passage
from wholedoc.documents.document import Document
from wholedoc.documents.tokenized import TokenizedDocument
from wholedoc.reading.corpus import Corpus, ReadDocument

PAGES = [
    "The crane was oiled. Nobody fell. Rain came. The clerk went home. A dog barked.",
    "Fish was cheap. The bell rang. Two ships left. The mole stood.",
]


def corpus_of(pages: list[str]) -> Corpus:
    """A document whose tokens are its words and signs, with one chunk for each page, and without any KV."""
    document = Document.from_pages("id", "log.txt", [(text, str(n + 1)) for n, text in enumerate(pages)])
    spans = [found.span() for found in re.finditer(r"\w+|[^\w\s]", document.text)]
    tokenized = TokenizedDocument(
        document,
        tuple(range(len(spans))),
        np.array([start for start, _ in spans]),
        np.array([end for _, end in spans]),
    )
    bounds = [int(np.searchsorted(tokenized.pages, page)) for page in range(len(pages) + 1)]
    nothing = DenseKV(torch.empty(1, 2, 1, 0, 1))
    chunks = [
        ChunkKV(Chunk(index, first, tokenized.token_ids[first:last]), nothing)
        for index, (first, last) in enumerate(pairwise(bounds))
    ]
    return Corpus.of([ReadDocument(tokenized, tuple(chunks))])


def words(corpus: Corpus) -> list[str]:
    tokenized = corpus.documents[0].tokenized
    return [tokenized.document.text[s:e] for s, e in zip(tokenized.starts, tokenized.ends, strict=True)]


def attention_on(corpus: Corpus, **paid: float) -> np.ndarray:
    return np.array([paid.get(word, 0.0) for word in words(corpus)], dtype=np.float32)


def score(index: int, *token_nll: float, prior: float = 0.0) -> ChunkScore:
    return ChunkScore(index, sum(token_nll) / len(token_nll), token_nll, prior=prior)


def quotes(corpus: Corpus, passages: list[Passage]) -> list[str]:
    return [corpus.documents[0].tokenized.document.pages[one.page].text[one.start : one.stop] for one in passages]
