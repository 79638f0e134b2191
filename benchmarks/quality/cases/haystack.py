"""A long text that needles are hidden in; only the pages with a needle change."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .case import BETWEEN
from .filler import Filler, Paragraph

PAGE_WORDS = 500

Count = Callable[[str], int]
"""Returns the number of tokens of a text."""


@dataclass(frozen=True)
class Needle:
    """A sentence to hide at `depth`, from 0 (the beginning) to 1 (the end)."""

    depth: float
    sentence: str


@dataclass(frozen=True)
class Hidden:
    """The text with its needles; `at` has each needle's page (0-based), in the order the needles were given in."""

    pages: tuple[str, ...]
    at: tuple[int, ...]


@dataclass(frozen=True)
class Haystack:
    """Pages of paragraphs of sentences.

    A needle is put inside a paragraph, never in front of it, and moves no paragraph to another page. So texts with
    needles in different places share nearly all of their chunks, and the shared ones are read only once.
    """

    pages: tuple[tuple[Paragraph, ...], ...]

    @classmethod
    def of(cls, seed: int, tokens: int, count: Count) -> Haystack:
        """Make a haystack of about `tokens` tokens. A short one is the beginning of a long one of the same seed."""
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
        """Put every needle after the sentence whose end is nearest to the needle's depth, by characters."""
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
        # Insert from the back, so that no insertion moves a place that is still to be used.
        for index, needle in sorted(zip(chosen, needles, strict=True), key=lambda pair: pair[0], reverse=True):
            page, paragraph, sentence = places[index]
            text[page][paragraph].insert(sentence + 1, needle.sentence)
        pages = tuple(BETWEEN.join(" ".join(paragraph) for paragraph in page) for page in text)
        return Hidden(pages, tuple(places[index][0] for index in chosen))


def _fitting(paragraph: Paragraph, tokens: int, count: Count) -> Paragraph:
    """Return the paragraph if it fits into `tokens`, else as many of its first sentences as come nearest."""
    if count(" ".join(paragraph) + BETWEEN) <= tokens:
        return paragraph
    return min(
        (paragraph[:length] for length in range(len(paragraph))),
        key=lambda part: abs(tokens - count(" ".join(part) + BETWEEN)) if part else tokens,
    )


def _words(page: Sequence[Paragraph]) -> int:
    return sum(len(sentence.split()) for paragraph in page for sentence in paragraph)
