"""What a writer sees around a passage: the sentence before it, and the rest of its paragraph."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ...documents.sentences import paragraph_stop, sentences
from ...reading.corpus import Corpus
from .citations import worth_showing
from .passages import Passage, tokens_of

# The sentence before a passage often says what it is about. It is left out if it has more characters than this.
LEAD_CHARACTERS = 200
# A paragraph goes on to its end, but for no more characters than this.
REST_CHARACTERS = 400


def with_surroundings(corpus: Corpus, passages: Sequence[Passage]) -> list[Passage]:
    """Return the passages worth showing, with the short sentence before each and the rest of its paragraph.

    No two overlap afterwards: what would is left out. One that is not shown keeps nothing from the others. What was
    read of a passage alone is dropped, as it is longer now.
    """
    done: list[Passage] = []
    shown = worth_showing(passages)
    for index, passage in enumerate(shown):
        others = [*done, *shown[index + 1 :]]
        fitting = (one for one in _longer(corpus, passage) if not any(one.overlaps(other) for other in others))
        done.append(next(fitting, passage))
    return done


def _longer(corpus: Corpus, passage: Passage) -> Iterator[Passage]:
    """Yield the passage with both, with the rest alone and with the lead alone."""
    text = corpus.documents[passage.document].tokenized.document.pages[passage.page].text
    start, stop = _lead_start(text, passage.start), _rest_stop(text, passage.stop)
    for first, last in ((start, stop), (passage.start, stop), (start, passage.stop)):
        if (first, last) != (passage.start, passage.stop):
            yield _resized(corpus, passage, first, last)


def _lead_start(text: str, start: int) -> int:
    before = [one for one in sentences(text) if one.stop <= start]
    return before[-1].start if before and start - before[-1].start <= LEAD_CHARACTERS else start


def _rest_stop(text: str, stop: int) -> int:
    end = min(paragraph_stop(text, stop), stop + REST_CHARACTERS)
    return max((one.stop for one in sentences(text) if stop <= one.start and one.stop <= end), default=stop)


def _resized(corpus: Corpus, passage: Passage, start: int, stop: int) -> Passage:
    tokenized = corpus.documents[passage.document].tokenized
    first, last = tokens_of(tokenized, passage.page, start, stop)
    offset = corpus.token_offsets[passage.document]
    return replace(passage, start=start, stop=stop, first=offset + first, last=offset + last, read=None)
