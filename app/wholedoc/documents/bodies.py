"""Where the running text of a page begins and ends: without running heads, page numbers and footnotes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from .sentences import Sentence, sentences

# Lines at the top and the bottom of a page, so many of each, are running heads if they stand on so many pages.
EDGE_LINES, RUNNING_PAGES = 2, 3
# A running head has no more characters than this.
RUNNING_CHARACTERS = 120
# Footnotes stand behind a blank line at a page's end, and begin with a number or a sign. The reader of PDFs puts
# them there.
NOTE_MARK = re.compile(r"(?:\d{1,3}|[*∗†‡§¶‖]{1,3})\s{0,2}(?=[^\W\d_]|[\"“‘'(\[])")
_ENDS = frozenset('.!?:;”"’)')


@dataclass(frozen=True)
class Body:
    """Characters [start, stop) of a page's text are its running text, and its footnotes begin at `notes`.

    `notes` is the text's length where there are none.
    """

    start: int
    stop: int
    notes: int


def bodies(texts: Sequence[str]) -> list[Body]:
    """Return the body of each page of a document. It is all of the text where nothing else would be left."""
    running = running_lines(texts)
    return [_body(text, running) for text in texts]


def sentences_of(text: str, body: Body) -> list[Sentence]:
    """Split a page's text into sentences, none of which is partly in a running head or a footnote."""
    return [
        Sentence(first + one.start, first + one.stop)
        for first, last in _pieces(text, body)
        for one in sentences(text[first:last])
    ]


def piece_at(text: str, body: Body, position: int) -> tuple[int, int]:
    """Return which of a page's head, body, foot and notes holds the character at `position`, as a span."""
    return next(((first, last) for first, last in _pieces(text, body) if first <= position < last), (0, len(text)))


def _pieces(text: str, body: Body) -> Iterator[tuple[int, int]]:
    yield from pairwise((0, body.start, body.stop, body.notes, len(text)))


def goes_on(text: str, body: Body, following: str, next_body: Body) -> bool:
    """Return whether a page's end cuts a sentence: the next page's text begins with its rest."""
    ended, begins = text[body.start : body.stop].rstrip(), following[next_body.start : next_body.stop].lstrip()
    return bool(ended) and begins[:1].islower() and ended[-1] not in _ENDS


def running_lines(texts: Sequence[str]) -> frozenset[str]:
    """Return the lines that stand at the edges of several pages, each with its numbers replaced by #."""
    counted = Counter(
        line for text in texts for line in {masked(line) for _, _, line in _edges(text[: _notes_start(text)])}
    )
    return frozenset(
        line for line, count in counted.items() if count >= RUNNING_PAGES and len(line) <= RUNNING_CHARACTERS
    )


def masked(line: str) -> str:
    """Return a line with # for its numbers, in small letters."""
    return re.sub(r"\d+|\b[ivxlc]+\b", "#", " ".join(line.split()).casefold())


def _body(text: str, running: frozenset[str]) -> Body:
    notes = _notes_start(text)
    heads = [(start, stop) for start, stop, line in _edges(text[:notes]) if masked(line) in running]
    first, last = 0, notes
    for start, stop in heads:
        if not text[first:start].strip():
            first = stop
    for start, stop in reversed(heads):
        if start >= first and not text[stop:last].strip():
            last = start
    return Body(first, last, notes) if text[first:last].strip() else Body(0, len(text), len(text))


def _notes_start(text: str) -> int:
    """Return where the footnotes begin, behind the last blank line; the text's length where there are none."""
    start = text.rfind("\n\n") + 2
    return start if start > 1 and text[:start].strip() and NOTE_MARK.match(text, start) else len(text)


def _edges(text: str) -> list[tuple[int, int, str]]:
    """Return start, stop and text of the first and last lines of a page that are not blank."""
    lines: list[tuple[int, int, str]] = []
    position = 0
    for line in text.splitlines(keepends=True):
        if line.strip():
            lines.append((position, position + len(line), line))
        position += len(line)
    return lines[:EDGE_LINES] + lines[max(EDGE_LINES, len(lines) - EDGE_LINES) :]
