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
# "7." or "Article 12." in front of a paragraph numbers it, and answers nothing.
NUMBERING = re.compile(r"^[^\S\n]*(?:\w+ )?\d+(?:\.\d+)*\.(?!\S)", re.MULTILINE)
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
    start, stop = spans[0][0], spans[-1][1]
    words = [(found.start(), found.end(), found[0].casefold()) for found in WORD.finditer(text, start, stop)]
    numbering = {at for found in NUMBERING.finditer(text, start, stop) for at in range(*found.span())}
    dull = common | set(_words(question))
    begins = {begin: place for begin, _, _ in words if (place := _beginning(text, spans, begin)) is not None}
    telling: set[int] = set()
    ended, after_name = start, False  # of the word in front: a name is begun with its first word
    for begin, end, word in words:
        tells = word not in dull and begin not in numbering
        named = tells and text[begin].isupper()
        within = named and after_name and text[ended:begin].isspace()
        if tells and not within and begin in begins:
            telling.add(begins[begin])
        ended, after_name = end, named
    inside = {at for begin, end, _ in words for at in range(begin + 1, end)}
    ends = {place for place, (at, _) in enumerate(spans) if at not in inside and not _blank(text, spans, place - 1)}
    ids = corpus.token_ids(passage.first, passage.last)
    every = telling or set(begins.values()) or set(range(len(ids)))
    return Source(ids, frozenset(every), frozenset(ends | {len(ids)}))


def _beginning(text: str, spans: Sequence[tuple[int, int]], begin: int) -> int | None:
    """The token that a word begins with, or white space in front that is a token of its own; None if that token has
    letters of the word before."""
    place = next((index for index, (_, end) in enumerate(spans) if end > begin), None)
    if place is None or text[spans[place][0] : begin].strip():
        return None
    return place - 1 if _blank(text, spans, place - 1) else place


def _blank(text: str, spans: Sequence[tuple[int, int]], place: int) -> bool:
    """Whether there is such a token, and it is white space."""
    return place >= 0 and not text[slice(*spans[place])].strip()


def _words(text: str) -> list[str]:
    return [found.casefold() for found in WORD.findall(text)]
