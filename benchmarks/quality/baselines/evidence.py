"""Where a document says an accepted answer, and whether what was kept of it still does."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from wholedoc.documents.tokenized import TokenizedDocument

from ..case import Case, Metric


def occurrences(text: str, answers: Sequence[str]) -> Iterator[range]:
    """Character ranges of the answers as whole words, whatever their case and white space, in order of the text."""
    patterns = [r"\s+".join(map(re.escape, answer.split())) for answer in answers if answer.strip()]
    if patterns:
        for match in re.finditer(rf"(?<!\w)(?:{'|'.join(patterns)})(?!\w)", text, re.IGNORECASE):
            yield range(*match.span())


def answer_places(case: Case, document: TokenizedDocument) -> list[range]:
    """Token ranges in which the document says an accepted answer, those on evidence pages first.

    Empty where it is never said word for word, or where the answers are the letters of a multiple choice.
    """
    letters = case.metric is Metric.CHOICE
    answers = [one for one in case.answers if not letters or len(one.strip()) > 1]
    characters = occurrences(document.document.text, answers)
    tokens = [range(*document.token_range(place.start, place.stop)) for place in characters]
    return sorted(filter(len, tokens), key=lambda place: int(document.pages[place.start]) not in case.evidence)


def evidence_kept(case: Case, document: TokenizedDocument, kept: Sequence[range]) -> bool | None:
    """Whether an accepted answer stands in the token ranges `kept`; where the document never says one, whether
    something of an evidence page does. None if nothing was left out, or nobody knows where the evidence is."""
    if sum(map(len, kept)) >= len(document):
        return None
    if answer_places(case, document):
        texts = (text_of(document, one) for one in joined(kept))
        return any(answer_in(case, text) for text in texts)
    if not case.evidence:
        return None
    return any(case.evidence & set(document.pages[one.start : one.stop].tolist()) for one in kept)


def answer_in(case: Case, text: str) -> bool:
    """Whether an accepted answer stands in a text."""
    return next(occurrences(text, case.answers), None) is not None


def text_of(document: TokenizedDocument, tokens: range) -> str:
    """The document's text of a range of tokens."""
    if not tokens:
        return ""
    return document.document.text[int(document.starts[tokens.start]) : int(document.ends[tokens.stop - 1])]


def joined(ranges: Sequence[range]) -> list[range]:
    """Ranges in order, neighbours made one."""
    result: list[range] = []
    for one in sorted(ranges, key=lambda each: each.start):
        if result and result[-1].stop == one.start:
            result[-1] = range(result[-1].start, one.stop)
        else:
            result.append(one)
    return result
