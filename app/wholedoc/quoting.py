"""What of a passage may be the answer of a small model, which quotes and does not write."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from parallelcomp import Source

from .corpus import Corpus
from .passages import Passage

# A number with its separators is one word, and so is what a hyphen or an apostrophe joins.
WORD = re.compile(r"\w+(?:[.,:'’-]\w+)*")
# A word with a larger share of all words than this, and not just a few of them, is one that every text is full of:
# no answer begins with it.
COMMON_SHARE, COMMON_COUNT = 0.004, 5


def common_words(texts: Sequence[str]) -> frozenset[str]:
    """The words that these texts are full of."""
    counts = Counter(word for text in texts for word in _words(text))
    least = max(COMMON_SHARE * counts.total(), COMMON_COUNT)
    return frozenset(word for word, count in counts.items() if count >= least)


def source(corpus: Corpus, passage: Passage, question: str, common: frozenset[str]) -> Source:
    """The passage: a copy begins with a word that is neither the question's nor common, and ends with a word.

    Where every word is one of those, a copy may begin with any.
    """
    document, first = corpus.locate(passage.first)
    tokenized = corpus.documents[document].tokenized
    text = tokenized.document.text
    spans = [
        (int(tokenized.starts[token]), int(tokenized.ends[token]))
        for token in range(first, first + passage.last - passage.first)
    ]
    words = [
        (found.start(), found.end(), found[0].casefold())
        for found in WORD.finditer(text, spans[0][0], spans[-1][1])
    ]
    dull = common | set(_words(question))
    begins = {place: word for start, _, word in words if (place := _beginning(text, spans, start)) is not None}
    telling = frozenset(place for place, word in begins.items() if word not in dull)
    inside = {at for start, end, _ in words for at in range(start + 1, end)}
    ends = frozenset(place for place, (start, _) in enumerate(spans) if start not in inside) | {len(spans)}
    ids = corpus.token_ids(passage.first, passage.last)
    return Source(ids, telling or frozenset(begins) or frozenset(range(len(ids))), ends)


def _beginning(text: str, spans: Sequence[tuple[int, int]], start: int) -> int | None:
    """The token that a word begins with, or a space in front that is a token of its own; None if that token has
    letters of the word before."""
    place = next((index for index, (_, end) in enumerate(spans) if end > start), None)
    if place is None or text[spans[place][0] : start].strip():
        return None
    before = text[slice(*spans[place - 1])] if place else ""
    return place - 1 if before and not before.strip(" ") else place


def _words(text: str) -> list[str]:
    return [found.casefold() for found in WORD.findall(text)]
