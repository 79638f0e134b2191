"""What a writer sees around a passage: the sentence before it, the rest of its paragraph, and of a cut sentence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ...documents.bodies import goes_on, piece_at, sentences_of
from ...documents.document import Document
from ...documents.sentences import Sentence, paragraph_stop
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
    read of a passage alone is dropped, as it is longer now. Behind all of them stand the halves of sentences that a
    page's end cuts, where the other half is in one of them.
    """
    done: list[Passage] = []
    shown = worth_showing(passages)
    for index, passage in enumerate(shown):
        others = [*done, *shown[index + 1 :]]
        fitting = (one for one in _longer(corpus, passage) if not any(one.overlaps(other) for other in others))
        done.append(next(fitting, passage))
    halves: list[Passage] = []
    for passage in done:
        halves += [one for one in _halves(corpus, passage) if not any(map(one.overlaps, (*done, *halves)))]
    return done + halves


def in_reading_order(corpus: Corpus, passages: Sequence[Passage]) -> list[list[Passage]]:
    """Return the passages in the order of the document, those together between which a page's end cuts a sentence.

    Halves of sentences whose other half is not among them are left out.
    """
    together: list[list[Passage]] = []
    for passage in sorted(passages, key=lambda one: one.first):
        if together and _are_one(corpus, together[-1][-1], passage):
            together[-1].append(passage)
        else:
            together.append([passage])
    return [group for group in together if not all(one.half for one in group)]


def _halves(corpus: Corpus, passage: Passage) -> Iterator[Passage]:
    """Yield what the page's beginning and its end have cut off the passage's sentences."""
    document = corpus.documents[passage.document].tokenized.document
    for page, other in ((passage.page - 1, passage.page - 1), (passage.page, passage.page + 1)):
        if not _cuts(document, page):
            continue
        text, body = document.pages[other].text, document.bodies[other]
        inside = [one for one in sentences_of(text, body) if body.start <= one.start < body.stop]
        half = inside[-1 if other < passage.page else 0]
        if half.stop - half.start <= REST_CHARACTERS:
            resized = _resized(corpus, replace(passage, page=other), half.start, half.stop)
            made = replace(resized, half=True, score=passage.score / 2)
            if _are_one(corpus, *sorted((made, passage), key=lambda one: one.first)):
                yield made


def _are_one(corpus: Corpus, one: Passage, other: Passage) -> bool:
    """Return whether a page's end cuts the sentence that the first passage ends with and the other begins with."""
    if one.document != other.document or one.page + 1 != other.page:
        return False
    document = corpus.documents[one.document].tokenized.document
    before, behind = document.bodies[one.page], document.bodies[other.page]
    ends = not document.pages[one.page].text[one.stop : before.stop].strip()
    begins = not document.pages[other.page].text[behind.start : other.start].strip()
    return ends and begins and _cuts(document, one.page)


def _cuts(document: Document, page: int) -> bool:
    """Return whether the end of a page (0-based) cuts a sentence."""
    if not 0 <= page < len(document.pages) - 1:
        return False
    (text, body), (following, next_body) = (
        (document.pages[number].text, document.bodies[number]) for number in (page, page + 1)
    )
    return goes_on(text, body, following, next_body)


def _longer(corpus: Corpus, passage: Passage) -> Iterator[Passage]:
    """Yield the passage with both, with the rest alone and with the lead alone."""
    document = corpus.documents[passage.document].tokenized.document
    text, body = document.pages[passage.page].text, document.bodies[passage.page]
    first, last = piece_at(text, body, passage.start)
    around = [one for one in sentences_of(text, body) if first <= one.start < last]
    start, stop = _lead_start(around, passage.start), _rest_stop(text, around, passage.stop)
    for first, last in ((start, stop), (passage.start, stop), (start, passage.stop)):
        if (first, last) != (passage.start, passage.stop):
            yield _resized(corpus, passage, first, last)


def _lead_start(around: Sequence[Sentence], start: int) -> int:
    before = [one for one in around if one.stop <= start]
    return before[-1].start if before and start - before[-1].start <= LEAD_CHARACTERS else start


def _rest_stop(text: str, around: Sequence[Sentence], stop: int) -> int:
    end = min(paragraph_stop(text, stop), stop + REST_CHARACTERS)
    return max((one.stop for one in around if stop <= one.start and one.stop <= end), default=stop)


def _resized(corpus: Corpus, passage: Passage, start: int, stop: int) -> Passage:
    tokenized = corpus.documents[passage.document].tokenized
    first, last = tokens_of(tokenized, passage.page, start, stop)
    offset = corpus.token_offsets[passage.document]
    return replace(passage, start=start, stop=stop, first=offset + first, last=offset + last, read=None)
