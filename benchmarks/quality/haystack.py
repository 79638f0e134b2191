"""A long text with room for needles: the same pages but for those that hold one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .case import BETWEEN
from .filler import Filler, Paragraph

PAGE_WORDS = 500

Count = Callable[[str], int]
"""Tokens of a text."""


@dataclass(frozen=True)
class Needle:
    """A sentence to be hidden at `depth`, from 0 (the beginning) to 1 (the end)."""

    depth: float
    sentence: str


@dataclass(frozen=True)
class Hidden:
    """The text with its needles; `at` are the pages (0-based) of each, in the order in which they were given."""

    pages: tuple[str, ...]
    at: tuple[int, ...]


@dataclass(frozen=True)
class Haystack:
    """Pages of paragraphs of sentences.

    Needles go inside paragraphs, never in front, and move no paragraph to another page. So texts with needles in
    different places have nearly all of their chunks in common, which are then read once.
    """

    pages: tuple[tuple[Paragraph, ...], ...]

    @classmethod
    def of(cls, seed: int, tokens: int, count: Count) -> Haystack:
        """About `tokens` tokens; of the same seed, a short one is the beginning of a long one."""
        pages: list[tuple[Paragraph, ...]] = []
        page: list[Paragraph] = []
        left = tokens
        for whole in Filler(seed):
            paragraph = _fitting(whole, left, count)
            if paragraph:
                page.append(paragraph)
                left -= count(" ".join(paragraph) + BETWEEN)
            if len(paragraph) < len(whole) or _words(page) >= PAGE_WORDS:
                pages.append(tuple(page))
                page = []
            if len(paragraph) < len(whole):
                break
        return cls(tuple(one for one in pages if one))

    def hide(self, needles: Sequence[Needle]) -> Hidden:
        """Put every needle behind the sentence that is nearest to its depth, by characters."""
        text = [[list(paragraph) for paragraph in page] for page in self.pages]
        places = [
            (page, paragraph, sentence)
            for page, paragraphs in enumerate(self.pages)
            for paragraph, sentences in enumerate(paragraphs)
            for sentence in range(len(sentences))
        ]
        ends: list[int] = []
        for page, paragraph, sentence in places:
            ends.append((ends[-1] if ends else 0) + len(self.pages[page][paragraph][sentence]))
        chosen = [
            min(range(len(places)), key=lambda index: abs(ends[index] - one.depth * ends[-1])) for one in needles
        ]
        # From the back, so that what is put in moves no place that is still to be used.
        for index, needle in sorted(zip(chosen, needles, strict=True), key=lambda pair: pair[0], reverse=True):
            page, paragraph, sentence = places[index]
            text[page][paragraph].insert(sentence + 1, needle.sentence)
        pages = tuple(BETWEEN.join(" ".join(paragraph) for paragraph in page) for page in text)
        return Hidden(pages, tuple(places[index][0] for index in chosen))


def _fitting(paragraph: Paragraph, tokens: int, count: Count) -> Paragraph:
    """As many of a paragraph's sentences as come nearest to `tokens`, all where they fit."""
    if count(" ".join(paragraph) + BETWEEN) <= tokens:
        return paragraph
    return min(
        (paragraph[:length] for length in range(len(paragraph))),
        key=lambda part: abs(tokens - count(" ".join(part) + BETWEEN)) if part else tokens,
    )


def _words(page: Sequence[Paragraph]) -> int:
    return sum(len(sentence.split()) for paragraph in page for sentence in paragraph)
