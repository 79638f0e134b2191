"""Finds where a document says an accepted answer, and whether the kept part of it still does."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from wholedoc.documents.tokenized import TokenizedDocument

from ..cases.case import Case, Metric


def occurrences(text: str, answers: Sequence[str]) -> Iterator[range]:
    """Yield the character ranges of the answers as whole words, in order; case and white space may differ."""
    patterns = [r"\s+".join(map(re.escape, answer.split())) for answer in answers if answer.strip()]
    if patterns:
        for match in re.finditer(rf"(?<!\w)(?:{'|'.join(patterns)})(?!\w)", text, re.IGNORECASE):
            yield range(*match.span())


def answer_places(case: Case, document: TokenizedDocument) -> list[range]:
    """Return the token ranges in which the document says an accepted answer, those on evidence pages first.

    There are none if it is never said word for word, or if the answers are the letters of a multiple choice.
    """
    letters = case.metric is Metric.CHOICE
    answers = [one for one in case.answers if not letters or len(one.strip()) > 1]
    characters = occurrences(document.document.text, answers)
    tokens = [range(*document.token_range(place.start, place.stop)) for place in characters]
    return sorted(filter(len, tokens), key=lambda place: int(document.pages[place.start]) not in case.evidence)


def evidence_kept(case: Case, document: TokenizedDocument, kept: Sequence[range]) -> bool | None:
    """Return whether an accepted answer stands in the token ranges `kept`.

    If the document never says one, return whether `kept` holds a token of an evidence page. Returns None if nothing
    was left out, or if the evidence is unknown.
    """
    if sum(map(len, kept)) >= len(document):
        return None
    if answer_places(case, document):
        texts = (text_of(document, one) for one in joined(kept))
        return any(answer_in(case, text) for text in texts)
    if not case.evidence:
        return None
    return any(case.evidence & set(document.pages[one.start : one.stop].tolist()) for one in kept)


def answer_in(case: Case, text: str) -> bool:
    """Return whether an accepted answer stands in a text."""
    return next(occurrences(text, case.answers), None) is not None


def text_of(document: TokenizedDocument, tokens: range) -> str:
    """Return the document's text of a range of tokens."""
    if not tokens:
        return ""
    return document.document.text[int(document.starts[tokens.start]) : int(document.ends[tokens.stop - 1])]


def joined(ranges: Sequence[range]) -> list[range]:
    """Return the ranges in order, with adjacent ones joined."""
    result: list[range] = []
    for one in sorted(ranges, key=lambda each: each.start):
        if result and result[-1].stop == one.start:
            result[-1] = range(result[-1].start, one.stop)
        else:
            result.append(one)
    return result
