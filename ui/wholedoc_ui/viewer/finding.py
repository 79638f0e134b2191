"""Words that a person looks for in a document's text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from wholedoc import Document

# So many places are listed; all are counted.
MOST_LISTED = 500
# So much of the text around a place is shown, in characters.
AROUND = 40


@dataclass(frozen=True)
class Place:
    """Where the words stand: the page (1-based), the how manieth place on it (from 0), and the text around them."""

    page: int
    number: int
    before: str
    words: str
    after: str


@dataclass(frozen=True)
class Found:
    """The first places, and how many there are in all."""

    places: tuple[Place, ...]
    total: int


def find(document: Document, words: str) -> Found:
    """Find words in a document, whatever their case and the white space between them; also inside longer words."""
    pattern = _pattern(words)
    places: list[Place] = []
    total = 0
    if pattern is not None:
        for page, one in enumerate(document.pages, 1):
            for number, match in enumerate(pattern.finditer(one.text)):
                total += 1
                if len(places) < MOST_LISTED:
                    places.append(_place(page, number, one.text, match))
    return Found(tuple(places), total)


def spans(text: str, words: str) -> list[tuple[int, int]]:
    """Return where words stand in a text, as pairs of start and stop."""
    pattern = _pattern(words)
    return [match.span() for match in pattern.finditer(text)] if pattern is not None else []


def pieces(text: str, marked: list[tuple[int, int]]) -> Iterator[tuple[str, bool]]:
    """Cut a text into pieces, each with whether it is marked. Places that overlap are marked once."""
    done = 0
    for start, stop in sorted(marked):
        if start < done:
            continue
        if text[done:start]:
            yield text[done:start], False
        yield text[start:stop], True
        done = stop
    if text[done:]:
        yield text[done:], False


def _pattern(words: str) -> re.Pattern[str] | None:
    parts = words.split()
    return re.compile(r"\s+".join(map(re.escape, parts)), re.IGNORECASE) if parts else None


def _place(page: int, number: int, text: str, match: re.Match[str]) -> Place:
    before = " ".join(text[max(match.start() - AROUND, 0) : match.start()].split(" "))
    after = text[match.end() : match.end() + AROUND]
    return Place(page, number, _one_line(before), _one_line(match.group()), _one_line(after))


def _one_line(text: str) -> str:
    return re.sub(r"\s+", " ", text)
