"""Passages: sentences that the question attends to, with what follows them, as exact spans of their pages."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from parallelcomp import Chunk, ChunkKV, ChunkScore, RescoredSpan

from ...documents.bodies import piece_at, sentences_of
from ...documents.sentences import Sentence, opens_only
from ...documents.tokenized import TokenizedDocument
from ...documents.words import WordCounts
from ...reading.corpus import Corpus
from .shared_words import shared_words

# A passage is a sentence and up to three that follow it: a name often stands in one sentence, and what is asked
# about it in one of the next. The first quote holds the answer to 17 % of the sample questions with one sentence,
# and to 35, 68, 95 and 97 % with two, three, four and five.
SENTENCES = 4
CHARACTERS = 500
# A title in front of a paragraph, behind its number, has so many words at most.
TITLE_WORDS = 2
# Temperature of posteriors, in nats over the whole question; likelihoods are over-confident.
TEMPERATURE = 4.0
# Passages are read again alone, and scored anew, if they got at least this share of the best one's attention,
CONTENDER = 0.25
# and no more than this many of them: the best is among the first three.
CONTENDERS = 3


@dataclass(frozen=True)
class Passage:
    """Characters [start, stop) of page `page` (0-based) of the corpus's document `document`.

    These are the corpus's tokens [first, last). Scores can be compared within one question only. `read` is the
    passage's own KV if it was read again alone. `half` says that it is only what a page's end has cut off another
    passage's sentence.
    """

    document: int
    page: int
    start: int
    stop: int
    first: int
    last: int
    score: float
    read: ChunkKV | None = field(default=None, compare=False, repr=False)
    half: bool = False

    def overlaps(self, other: Passage) -> bool:
        return self.first < other.last and other.first < self.last

    def text(self, corpus: Corpus) -> str:
        """Return the passage's exact text."""
        return corpus.documents[self.document].tokenized.document.pages[self.page].text[self.start : self.stop]

    def chunk(self, corpus: Corpus) -> Chunk:
        """Return the passage's tokens as a chunk, to be read again."""
        return Chunk(0, self.first, corpus.token_ids(self.first, self.last))


def best_passages(
    corpus: Corpus, question: str, kept: Sequence[ChunkScore], attention: NDArray[np.float32], limit: int
) -> list[Passage]:
    """Return the `limit` best passages that do not overlap, the best first.

    `attention` (corpus tokens,) is what the question pays to each token. A passage is ranked by its first sentence:
    the attention on it, divided by the square root of its length so that length itself neither helps nor harms,
    times the posterior of its chunk. The question's words count in the whole passage, as they do in chunks.
    """
    posterior = _posterior(kept)
    weighted = [(corpus.chunks[i].chunk, weight) for i, weight in posterior.items()]
    return best_of(corpus, question, weighted, attention, limit)


def best_of(
    corpus: Corpus,
    question: str,
    weighted: Sequence[tuple[Chunk, float]],
    attention: NDArray[np.float32],
    limit: int,
) -> list[Passage]:
    """Return the same for passages that begin in these chunks, where each chunk comes with its weight."""
    summed = np.concatenate([[0.0], np.cumsum(attention, dtype=np.float64)])
    candidates = [passage for chunk, weight in weighted for passage in _passages(corpus, chunk, summed, weight)]
    ranked = sorted(_with_words(corpus, question, candidates), key=lambda passage: -passage.score)
    chosen: list[Passage] = []
    for passage in ranked:
        if len(chosen) == limit:
            break
        if not any(passage.overlaps(other) for other in chosen):
            chosen.append(passage)
    return chosen


def _with_words(corpus: Corpus, question: str, passages: Sequence[Passage]) -> list[Passage]:
    """Return the passages with what the question's words say for each, which is evidence beside attention."""
    words = [WordCounts.of(passage.text(corpus)) for passage in passages]
    nats = shared_words(question, words)
    return [
        replace(passage, score=passage.score * math.exp(more / TEMPERATURE))
        for passage, more in zip(passages, nats, strict=True)
    ]


def contenders(passages: Sequence[Passage]) -> list[Passage]:
    """Return the ranked passages that might be better than the first, with the first; none if it leads clearly."""
    close = [passage for passage in passages[:CONTENDERS] if passage.score > CONTENDER * passages[0].score]
    return close if len(close) > 1 else []


def rerank(passages: Sequence[Passage], rescored: Sequence[RescoredSpan]) -> list[Passage]:
    """Rank passages anew by attention and by how well each of them alone explains the question.

    `rescored` belongs to the first of the passages. The others stay behind these, in their order.
    """
    best = min((span.nll for span in rescored), default=0.0)
    again = [
        replace(passage, score=passage.score * math.exp((best - span.nll) / TEMPERATURE), read=span.read)
        for passage, span in zip(passages, rescored, strict=False)
    ]
    again.sort(key=lambda passage: -passage.score)
    return again + list(passages[len(rescored) :])


def _posterior(kept: Sequence[ChunkScore]) -> dict[int, float]:
    """Return P(chunk | question) over the kept chunks, tempered, from the summed question NLL and the prior
    evidence."""
    summed = {score.index: score.rank * len(score.token_nll) for score in kept}
    best = min(summed.values())
    weights = {index: math.exp((best - nll) / TEMPERATURE) for index, nll in summed.items()}
    total = sum(weights.values())
    return {index: weight / total for index, weight in weights.items()}


def _passages(corpus: Corpus, chunk: Chunk, summed: NDArray[np.float64], posterior: float) -> Iterator[Passage]:
    """Yield every passage whose first sentence begins in the chunk."""
    document, offset = corpus.locate(chunk.start)
    tokenized = corpus.documents[document].tokenized
    base = corpus.token_offsets[document]
    for page in range(int(tokenized.pages[offset]), int(tokenized.pages[offset + len(chunk) - 1]) + 1):
        text, body = tokenized.document.pages[page].text, tokenized.document.bodies[page]
        spans = sentences_of(text, body)
        for index, sentence in enumerate(spans):
            first, last = tokens_of(tokenized, page, sentence.start, sentence.stop)
            if not offset <= first < offset + len(chunk):
                continue
            stop = _extend(text, spans, index, piece_at(text, body, sentence.start)[1])
            paid = summed[base + last] - summed[base + first]
            yield Passage(
                document,
                page,
                sentence.start,
                stop,
                base + first,
                base + tokens_of(tokenized, page, sentence.start, stop)[1],
                posterior * float(paid) / math.sqrt(max(last - first, 1)),
            )


def _extend(text: str, spans: Sequence[Sentence], index: int, end: int) -> int:
    """Return the end of the passage that begins with sentence `index`, `end` at most: there the page's running text
    ends, or its notes do. It has at most SENTENCES and CHARACTERS.

    It does not end with what only opens the next paragraph: its number, and a title of a word or two.
    """
    start, stop, opening = spans[index].start, spans[index].stop, False
    for sentence in spans[index + 1 : index + SENTENCES]:
        if sentence.stop - start > CHARACTERS or sentence.start >= end:
            break
        said = text[sentence.start : sentence.stop].split()
        opening = opens_only(text, sentence) or (opening and len(said) <= TITLE_WORDS)
        if not opening:
            stop = sentence.stop
    return stop


def tokens_of(tokenized: TokenizedDocument, page: int, start: int, stop: int) -> tuple[int, int]:
    """Return the document's tokens [first, last) that hold characters [start, stop) of page `page` (0-based)."""
    origin = tokenized.document.pages[page].offset
    return tokenized.token_range(origin + start, origin + stop)
