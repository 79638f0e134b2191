"""Retrieval: an ordinary prompt of the chunks that BM25 ranks highest for the question."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from parallelcomp import Chunk
from wholedoc.models.text_model import TextModel

from ..cases.case import Case
from ..method import NotApplicable, Outcome
from .answer_places import text_of
from .asked import Reply
from .chunks import CHUNK_TOKENS, chunks_of, pages_of, together, tokens_of
from .plain_model import PromptMethod

WORD = r"(?u)\b\w+\b"  # single digits are words too


def rank(texts: Sequence[str], question: str) -> list[int]:
    """Return the indices of the texts, the best first, by BM25 (Lucene's, k1 1.5, b 0.75); ties keep their order.

    Words are in lower case, without English stop words and stemmed (Snowball English).
    """
    import bm25s
    import Stemmer

    stemmer = Stemmer.Stemmer("english")

    def words(many: Sequence[str]) -> list[list[str]]:
        found: list[list[str]] = bm25s.tokenize(
            list(many), token_pattern=WORD, stopwords="en", stemmer=stemmer, return_ids=False, show_progress=False
        )
        return found

    of_texts, (of_question,) = words(texts), words([question])
    known = set().union(*of_texts)
    asked = [word for word in of_question if word in known]
    if not asked:
        return list(range(len(texts)))
    index = bm25s.BM25()
    index.index(of_texts, show_progress=False)
    order: list[int] = np.argsort(-index.get_scores(asked), kind="stable").tolist()
    return order


@dataclass(frozen=True)
class Budget:
    """At most `kept_tokens` tokens in chunks of at most `chunk_tokens`. Raises ValueError if no chunk fits."""

    kept_tokens: int = 4096
    chunk_tokens: int = CHUNK_TOKENS

    def __post_init__(self) -> None:
        if not 0 < self.chunk_tokens <= self.kept_tokens:
            raise ValueError(f"a chunk of {self.chunk_tokens} tokens exceeds the budget of {self.kept_tokens}")


class Retrieval(PromptMethod):
    """Answers from the chunks that BM25 ranks highest, as many as the budget holds, in document order."""

    def __init__(self, model: TextModel, reply: Reply, budget: Budget | None = None) -> None:
        super().__init__(model, reply)
        self.budget = budget or Budget()
        self.name = f"BM25 {self.budget.kept_tokens}"

    def answer(self, case: Case) -> Outcome:
        """Answer; `pages` are those of all chunks in the order of the ranking.

        What is read depends on the question, so the time of reading counts as the answer's. Raises NotApplicable if
        no chunk fits the window beside the question.
        """
        asked = self._asker(case)
        room = min(self.budget.kept_tokens, self._plain.window - asked.around)
        if room < self.budget.chunk_tokens:
            raise NotApplicable(f"the question leaves {room} tokens of the window for chunks")
        started = time.perf_counter()
        chunks = chunks_of(asked.document, self.budget.chunk_tokens)
        order = rank([text_of(asked.document, tokens_of(one)) for one in chunks], case.question)
        ranked = [chunks[index] for index in order]
        ranked_s = time.perf_counter() - started
        kept = within(ranked, room)
        said = self._plain.ask(asked, together(kept))
        said = replace(said, read_s=0.0, answer_s=ranked_s + said.read_s + said.answer_s)
        pages = pages_of(asked.document, ranked)
        return asked.outcome(self._model, said, [tokens_of(one) for one in kept], pages)


def within(ranked: Sequence[Chunk], budget: int) -> list[Chunk]:
    """Return the first chunks that together fit the budget in tokens, by the engine's own rule."""
    kept: list[Chunk] = []
    for one in ranked:
        budget -= len(one)
        if budget < 0:
            break
        kept.append(one)
    return kept
