"""What a small model's answer may consist of: words of a passage, or a quote of it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from parallelcomp import Source

from ...documents.sentences import sentences
from ...reading.corpus import Corpus
from ..passages import Passage

# A number with its separators counts as one word, and so do parts joined by a hyphen or an apostrophe.
WORD = re.compile(r"\w+(?:[.,:'’-]\w+)*")
# "7." or "Article 12." in front of a paragraph is its number and answers nothing.
NUMBERING = re.compile(r"^[^\S\n]*(?:\w+ )?\d+(?:\.\d+)*\.(?!\S)", re.MULTILINE)
# A word that makes up a larger share of all words than this, and occurs at least so often, is common. No answer
# begins with a common word.
COMMON_SHARE, COMMON_COUNT = 0.004, 5


def common_words(texts: Sequence[str]) -> frozenset[str]:
    """Return the common words of these texts."""
    counts = Counter(word for text in texts for word in words_of(text))
    least = max(COMMON_SHARE * counts.total(), COMMON_COUNT)
    return frozenset(word for word, count in counts.items() if count >= least)


@dataclass(frozen=True)
class Vocabulary:
    """The words that an answer may be written with.

    `telling` are words of the passages that tell something; `dull` are common words and those of the question."""

    telling: frozenset[str]
    dull: frozenset[str]

    @classmethod
    def of(cls, corpus: Corpus, passages: Sequence[Passage], question: str, common: frozenset[str]) -> Vocabulary:
        """Collect the words of the question and of the passages."""
        dull = common | set(words_of(question))
        words: set[str] = set()
        for passage in passages:
            document, first = corpus.locate(passage.first)
            tokenized = corpus.documents[document].tokenized
            last = first + passage.last - passage.first - 1
            words.update(words_of(tokenized.document.text[tokenized.starts[first] : tokenized.ends[last]]))
        return cls(frozenset(words - dull), dull)

    def has_begun(self, text: str) -> bool:
        """Return whether every word of an unfinished text is in the vocabulary; its last word may be the beginning
        of one."""
        words = words_of(text)
        if not all(word in self.telling or word in self.dull for word in words[:-1]):
            return False
        return not words or any(known.startswith(words[-1]) for known in chain(self.telling, self.dull))

    def tells(self, text: str) -> bool:
        """Return whether every word is in the vocabulary and at least one of them tells something."""
        words = set(words_of(text))
        return words <= self.telling | self.dull and not words.isdisjoint(self.telling)


def sources(corpus: Corpus, passage: Passage, question: str, common: frozenset[str]) -> list[Source]:
    """Return what may be quoted of a passage.

    A quote stays within one sentence and ends with a word. It begins with a word that is neither common nor the
    question's; if there is no such word it may begin with any."""
    document, first = corpus.locate(passage.first)
    tokenized = corpus.documents[document].tokenized
    text = tokenized.document.text
    tokens = range(first, first + passage.last - passage.first)
    spans = [(int(tokenized.starts[token]), int(tokenized.ends[token])) for token in tokens]
    start, stop = spans[0][0], spans[-1][1]
    telling = _telling(text, start, stop, common | set(words_of(question)))
    inside = {at for found in WORD.finditer(text, start, stop) for at in range(found.start() + 1, found.end())}
    ends = {place for place, (at, _) in enumerate(spans) if at not in inside and not _blank(text, spans, place - 1)}
    begins = {place: at in telling for at, place in _beginnings(text, spans)}
    every = not any(begins.values())
    found: list[Source] = []
    ids = corpus.token_ids(passage.first, passage.last)
    for sentence in sentences(text[start:stop]):
        low = next(place for place, (_, end) in enumerate(spans) if end > start + sentence.start)
        low -= _blank(text, spans, low - 1)
        high = next((place for place, (at, _) in enumerate(spans) if at >= start + sentence.stop), len(spans))
        here = frozenset(place - low for place, tells in begins.items() if low <= place < high and (tells or every))
        if here:
            own = frozenset(place - low for place in ends if low < place < high) | {high - low}
            found.append(Source(ids[low:high], here, own))
    return found or [Source(ids, frozenset(range(len(ids))), frozenset([len(ids)]))]


def _telling(text: str, start: int, stop: int, dull: Collection[str]) -> set[int]:
    """Return the positions of the words that an answer may begin with: not dull, no paragraph's number, no second
    name."""
    numbering = {at for found in NUMBERING.finditer(text, start, stop) for at in range(*found.span())}
    telling: set[int] = set()
    ended, after_name = start, False  # of the word in front: a name is begun with its first word
    for found in WORD.finditer(text, start, stop):
        tells = found[0].casefold() not in dull and found.start() not in numbering
        named = tells and found[0][0].isupper()
        if tells and not (named and after_name and text[ended : found.start()].isspace()):
            telling.add(found.start())
        ended, after_name = found.end(), named
    return telling


def _beginnings(text: str, spans: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yield the position of each word and the token that it begins with.

    White space in front that is a token of its own counts as the beginning. Words that begin within a token of the
    word before are left out.
    """
    for found in WORD.finditer(text, spans[0][0], spans[-1][1]):
        place = next(index for index, (_, end) in enumerate(spans) if end > found.start())
        if not text[spans[place][0] : found.start()].strip():
            yield found.start(), place - _blank(text, spans, place - 1)


def _blank(text: str, spans: Sequence[tuple[int, int]], place: int) -> bool:
    """Return whether token `place` exists and is white space."""
    return place >= 0 and not text[slice(*spans[place])].strip()


def words_of(text: str) -> list[str]:
    """Return the words of a text, folded to one case."""
    found: list[str] = WORD.findall(text.casefold())
    return found
