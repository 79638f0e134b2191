"""Divides a text without pages into some, so that a citation can point to one."""

from __future__ import annotations

import re
from collections.abc import Iterator

PAGE_WORDS = 500
MOST_WORDS = 650

_PARAGRAPH = re.compile(r"\s*\n\s*")
_SENTENCE = re.compile(r"(?<=[.!?;])\s+")


def paged(text: str) -> tuple[str, ...]:
    """Return pages of about 500 words.

    A page ends where a paragraph does. A paragraph that is too long for a page is cut at the end of a sentence, or
    else between words. Only white space between pages is lost.
    """
    pages: list[str] = []
    start = stop = words = 0
    for first, last in _parts(text):
        more = len(text[first:last].split())
        if words and (words >= PAGE_WORDS or words + more > MOST_WORDS):
            pages.append(text[start:stop])
            start, words = first, 0
        if not words:
            start = first
        stop = last
        words += more
    if words:
        pages.append(text[start:stop])
    return tuple(pages)


def _parts(text: str) -> Iterator[tuple[int, int]]:
    """Yield ranges of characters (start, stop); a page may end after each."""
    for paragraph in _between(_PARAGRAPH, text, 0, len(text)):
        if _short(text, paragraph):
            yield paragraph
            continue
        for sentence in _between(_SENTENCE, text, *paragraph):
            yield from [sentence] if _short(text, sentence) else _runs(text, *sentence)


def _between(ends: re.Pattern[str], text: str, start: int, stop: int) -> Iterator[tuple[int, int]]:
    """Yield the ranges between matches of a pattern that hold more than white space."""
    at = start
    for match in ends.finditer(text, start, stop):
        if text[at : match.start()].strip():
            yield at, match.start()
        at = match.end()
    if text[at:stop].strip():
        yield at, stop


def _short(text: str, part: tuple[int, int]) -> bool:
    return len(text[slice(*part)].split()) <= PAGE_WORDS


def _runs(text: str, start: int, stop: int) -> Iterator[tuple[int, int]]:
    """Yield ranges of as many words as a page has."""
    words = [match.span() for match in re.compile(r"\S+").finditer(text, start, stop)]
    for at in range(0, len(words), PAGE_WORDS):
        run = words[at : at + PAGE_WORDS]
        yield run[0][0], run[-1][1]
