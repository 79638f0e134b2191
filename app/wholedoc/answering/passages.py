"""Passages: a sentence that the question looks at and what follows it, ranked, as exact spans of their pages."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from parallelcomp import Chunk, ChunkKV, ChunkScore, RescoredSpan

from ..documents.sentences import Sentence, sentences
from ..documents.tokenized import TokenizedDocument
from ..reading.corpus import Corpus

# A passage is a sentence and up to three that follow it: a name often stands in one sentence, what is asked about
# it in one of the next. On the sample questions the first quote holds the answer for 17 % with one sentence, 35,
# 68, 95 and 97 % with two, three, four and five.
SENTENCES = 4
CHARACTERS = 500
# Temperature of posteriors, in nats over the whole question; likelihoods are over-confident.
TEMPERATURE = 4.0
# A second look is worth its time for passages that got at least this share of the best one's attention.
CONTENDER = 0.25
# And for no more of them than this: the best is among the first three.
CONTENDERS = 3


@dataclass(frozen=True)
class Passage:
    """Characters [start, stop) of page `page` (0-based) of the corpus's document `document`.

    Tokens [first, last) of the corpus; `score` is comparable within one question only. `read`: its own KV, where
    it was read again alone.
    """

    document: int
    page: int
    start: int
    stop: int
    first: int
    last: int
    score: float
    read: ChunkKV | None = field(default=None, compare=False, repr=False)

    def overlaps(self, other: Passage) -> bool:
        return self.first < other.last and other.first < self.last

    def chunk(self, corpus: Corpus) -> Chunk:
        """The passage's tokens, to be read again."""
        return Chunk(0, self.first, corpus.token_ids(self.first, self.last))


def best_passages(
    corpus: Corpus, kept: Sequence[ChunkScore], attention: NDArray[np.float32], limit: int
) -> list[Passage]:
    """The `limit` best passages that do not overlap, best first.

    `attention` (corpus tokens,): what the question pays to each token. A passage is ranked by its first sentence:
    attention over the square root of its length (so that neither long nor short sentences win for their length),
    times the posterior of its chunk.
    """
    posterior = _posterior(kept)
    return best_of(corpus, [(corpus.chunks[i].chunk, weight) for i, weight in posterior.items()], attention, limit)


def best_of(
    corpus: Corpus, weighted: Sequence[tuple[Chunk, float]], attention: NDArray[np.float32], limit: int
) -> list[Passage]:
    """The same for passages that begin in these chunks, each with the weight of its chunk."""
    summed = np.concatenate([[0.0], np.cumsum(attention, dtype=np.float64)])
    ranked = sorted(
        (passage for chunk, weight in weighted for passage in _passages(corpus, chunk, summed, weight)),
        key=lambda passage: -passage.score,
    )
    chosen: list[Passage] = []
    for passage in ranked:
        if len(chosen) == limit:
            break
        if not any(passage.overlaps(other) for other in chosen):
            chosen.append(passage)
    return chosen


def contenders(passages: Sequence[Passage]) -> list[Passage]:
    """Those of the ranked passages that might be better than the first; none if it leads clearly."""
    close = [passage for passage in passages[:CONTENDERS] if passage.score > CONTENDER * passages[0].score]
    return close if len(close) > 1 else []


def rerank(passages: Sequence[Passage], looked: Sequence[RescoredSpan]) -> list[Passage]:
    """Passages ranked anew by attention and by how well each alone explains the question.

    `looked` are second looks at the first of the passages; the rest stay behind.
    """
    best = min((look.nll for look in looked), default=0.0)
    again = [
        replace(passage, score=passage.score * math.exp((best - look.nll) / TEMPERATURE), read=look.read)
        for passage, look in zip(passages, looked, strict=False)
    ]
    again.sort(key=lambda passage: -passage.score)
    return again + list(passages[len(looked) :])


def _posterior(kept: Sequence[ChunkScore]) -> dict[int, float]:
    """P(chunk | question) over the kept chunks, tempered, from the summed question NLL and prior evidence."""
    summed = {score.index: score.rank * len(score.token_nll) for score in kept}
    best = min(summed.values())
    weights = {index: math.exp((best - nll) / TEMPERATURE) for index, nll in summed.items()}
    total = sum(weights.values())
    return {index: weight / total for index, weight in weights.items()}


def _passages(corpus: Corpus, chunk: Chunk, summed: NDArray[np.float64], posterior: float) -> Iterator[Passage]:
    """Every passage whose first sentence begins in the chunk."""
    document, offset = corpus.locate(chunk.start)
    tokenized = corpus.documents[document].tokenized
    base = corpus.token_offsets[document]
    for page in range(int(tokenized.pages[offset]), int(tokenized.pages[offset + len(chunk) - 1]) + 1):
        spans = sentences(tokenized.document.pages[page].text)
        for index, sentence in enumerate(spans):
            first, last = _tokens(tokenized, page, sentence.start, sentence.stop)
            if not offset <= first < offset + len(chunk):
                continue
            stop = _extend(spans, index)
            looked = summed[base + last] - summed[base + first]
            yield Passage(
                document,
                page,
                sentence.start,
                stop,
                base + first,
                base + _tokens(tokenized, page, sentence.start, stop)[1],
                posterior * float(looked) / math.sqrt(max(last - first, 1)),
            )


def _extend(spans: Sequence[Sentence], index: int) -> int:
    """Where the passage that begins with sentence `index` ends: at most SENTENCES and CHARACTERS long."""
    start, stop = spans[index].start, spans[index].stop
    for sentence in spans[index + 1 : index + SENTENCES]:
        if sentence.stop - start > CHARACTERS:
            break
        stop = sentence.stop
    return stop


def _tokens(tokenized: TokenizedDocument, page: int, start: int, stop: int) -> tuple[int, int]:
    origin = tokenized.document.pages[page].offset
    return tokenized.token_range(origin + start, origin + stop)
