"""Writing in the words of a passage: a small model's other words are replaced by words of the passage."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from parallelcomp import AnswerState, Context, Observer

from ...documents.sentences import sentences
from .quoting import Vocabulary, words_of

# If a third word has to be replaced, or one of the first two, the rest will be beside the point (docs/log.md,
# trial 26).
REPLACED = 2
BEGUN = 2
# How many of the likeliest next tokens are tried for one that fits.
CANDIDATES = 200
# A hyphen that joins nothing, since the word after it was replaced.
DANGLING = re.compile(r"\w-\s")
# Decoding shows this for a character whose last bytes are still missing.
UNFINISHED = "\N{REPLACEMENT CHARACTER}"


class Wording:
    """The log-probabilities of `inner`, limited to one sentence in the words of `vocabulary`, which `stop_id` ends.

    `lost` is true if it ended because the model wanted too many other words. `decode` turns token ids into text,
    and the model itself ends an answer with one of `closing`.
    """

    def __init__(
        self,
        inner: AnswerState,
        vocabulary: Vocabulary,
        decode: Callable[[list[int]], str],
        closing: frozenset[int],
        stop_id: int,
    ) -> None:
        self.lost = False
        self._inner, self._vocabulary, self._decode = inner, vocabulary, decode
        self._closing, self._stop_id = closing, stop_id
        self._ids: list[int] = []
        self._asked = False
        self._replaced = 0

    @property
    def context(self) -> Context:
        return self._inner.context

    def step(
        self,
        token_ids: Sequence[int],
        observer: Observer | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> Tensor:
        """Append the question, then tokens of the answer. Returns the log-probabilities of the next token, fp32
        (vocabulary,).

        Raises Cancelled.
        """
        log_probabilities = self._inner.step(token_ids, observer, cancelled)
        if self._asked:
            self._ids += token_ids
        self._asked = True
        first, *others = log_probabilities.topk(min(CANDIDATES, len(log_probabilities))).indices.tolist()
        token = self._next(first, others)
        if token == first:
            return log_probabilities
        only = torch.full_like(log_probabilities, -torch.inf)
        only[token] = 0
        return only

    def _next(self, first: int, others: Sequence[int]) -> int:
        """Return the likeliest token, or the one that replaces it."""
        if first in self._closing:
            return first
        so_far = self._decode(self._ids)
        if not self._vocabulary.has_begun(so_far):  # drawn at random
            return self._lose()
        if len(sentences(self._decode([*self._ids, first]))) > 1:
            return self._stop_id
        if self._fits(so_far, first):
            return first
        self._replaced += 1
        if self._replaced > REPLACED or len(words_of(so_far)) <= BEGUN:
            return self._lose()
        fitting = (token for token in others if self._fits(so_far, token, word=True))
        found = next(fitting, None)
        return self._lose() if found is None else found

    def _fits(self, so_far: str, token: int, *, word: bool = False) -> bool:
        """Return whether the text stays within the vocabulary and has no two tokens without a letter in a row."""
        if token in self._closing:
            return False
        longer = self._decode([*self._ids, token])
        added = _added(so_far, longer)
        if not _has_letter(added) and (word or (UNFINISHED not in added and not self._ended_with_letter(so_far))):
            return False
        return self._vocabulary.has_begun(longer) and not DANGLING.search(longer)

    def _ended_with_letter(self, so_far: str) -> bool:
        """Return whether the last token brought a letter; true if there is no token yet."""
        return not self._ids or _has_letter(_added(self._decode(self._ids[:-1]), so_far))

    def _lose(self) -> int:
        self.lost = True
        return self._stop_id


def _added(before: str, after: str) -> str:
    """Return the text that a token added, including a character that it completed."""
    return after[len(before.rstrip(UNFINISHED)) :]


def _has_letter(text: str) -> bool:
    return any(character.isalnum() for character in text)
