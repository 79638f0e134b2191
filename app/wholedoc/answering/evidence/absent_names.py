"""Names in a question that stand nowhere in the documents: these cannot answer it, however near a passage is."""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator

from ...documents.words import WordCounts
from ...reading.corpus import Corpus
from ..unsupported import WORD, claims, parts

# Only such questions ask for what a document says of a name; "Is Arabic among them?" is answered by its absence.
ASKS = re.compile(r"\b(?:how|what|when|where|which|who|whom|whose|why)\b", re.IGNORECASE)
# What is quoted may be a heading, or a person's own word for something.
QUOTED = re.compile(r"[\"“„«][^\"”“»]*[\"”“»]")
# Inflections are overlooked: so many letters at the beginning of a word are enough to know it.
STEM = 5
# Shorter words are titles and the like.
SHORTEST = 4
# A document may write these in digits.
DATES = frozenset(name.casefold() for name in (*calendar.month_name, *calendar.day_name) if name)


def absent_names(question: str, corpus: Corpus) -> tuple[str, ...]:
    """Return the names of a question that no document of the corpus has, in the question's order.

    Only what is asked counts, up to a question mark: the rest may say how to answer. It must ask by an English
    word (`ASKS`). A name is a word with a capital that begins no sentence. Left out are numbers, months and days,
    what is quoted, and words of capitals alone, which a document may write out.
    """
    asked, mark, _ = question.rpartition("?")
    names = dict.fromkeys(_names(QUOTED.sub(" ", asked + mark))) if ASKS.search(asked) else {}
    if not names:
        return ()
    known = [one.counts for one in corpus.words]
    known += [WordCounts.of(one.tokenized.document.name).counts for one in corpus.documents]
    return tuple(name for name in names if not any(_has(words, name) for words in known))


def _names(question: str) -> Iterator[str]:
    for match in WORD.finditer(question):
        if claims(question, match):
            for part in parts(match[0]):
                if (
                    part[:1].isupper()
                    and not part.isupper()
                    and len(part) >= SHORTEST
                    and part.casefold() not in DATES
                ):
                    yield re.sub(r"['’]s$", "", part)


def _has(words: dict[str, int], name: str) -> bool:
    """Return whether one of the words begins like a name."""
    first = re.split(r"\W", name.casefold())[0]  # as the words of documents are divided: "Tr'en" is two
    return first in words or any(one.startswith(first[:STEM]) for one in words)
