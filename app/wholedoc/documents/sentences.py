"""Dividing a page into sentences, each an exact span of its text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from .tables import BAR

# A full stop ends a sentence unless an abbreviation or an initial stands before it.
SENTENCE_END = re.compile(r"(?<=[.!?])[\"'”’)\]]*\s+(?=[\"'“‘(\[]?[A-Z0-9])")
ABBREVIATION = re.compile(
    r"(?:\b(?:[A-Z]|Mr|Mrs|Ms|Dr|St|No|Nos|vs|cf|ca|approx|Art|Sec|Fig|Capt|Prof|Inc|Ltd|Co)\.)$"
)
# Neither does the full stop behind a number that opens a paragraph: "7.", "Article 12.", "2.1."
LABEL = re.compile(r"\s*(?:\w+\s+)?\d+(?:\.\d+)*\.")
# Nor does any within a row of a table: "Std. Error | z value".
ROW = re.compile(rf"^.*{re.escape(BAR)}.*(?=.$)", re.MULTILINE)
STOP = re.compile(r"[.!?]")
# A line this much shorter than the page's long lines ends its paragraph, or is a heading or a table row.
SHORT_LINE = 0.75


@dataclass(frozen=True)
class Sentence:
    """Characters [start, stop) of a page's text, without surrounding white space."""

    start: int
    stop: int


def sentences(text: str) -> list[Sentence]:
    """Split a page's text into sentences, which together hold every character that is not white space."""
    found: list[Sentence] = []
    stops = ROW.sub(lambda row: STOP.sub(",", row[0]), text)
    for start, stop in paragraphs(text):
        for begin, end in _split(text, stops, start, stop):
            stripped = text[begin:end].strip()
            if stripped:
                begin += len(text[begin:end]) - len(text[begin:end].lstrip())
                found.append(Sentence(begin, begin + len(stripped)))
    return found


def opens_only(text: str, sentence: Sentence) -> bool:
    """Return whether a sentence that begins a line is only the number of what follows: "7." or "Ruling 31."."""
    said = text[sentence.start : sentence.stop]
    line = text.rfind("\n", 0, sentence.start) + 1
    return not text[line : sentence.start].strip() and LABEL.match(said) is not None and len(said.split()) <= 3


def paragraph_stop(text: str, stop: int) -> int:
    """Return where the paragraph ends that holds the character before `stop`, with the white space behind it."""
    return next((end for _, end in paragraphs(text) if end >= stop), stop)


def paragraphs(text: str) -> Iterator[tuple[int, int]]:
    """Yield the span of each paragraph, heading and table row: of each run of lines that belong together."""
    lines = text.splitlines(keepends=True)
    lengths = sorted(len(line.rstrip()) for line in lines)
    long = lengths[int(len(lengths) * 0.9)] if lengths else 0
    start = position = 0
    for index, line in enumerate(lines):
        position += len(line)
        following = lines[index + 1].lstrip() if index + 1 < len(lines) else ""
        runs_on = following[:1].islower() and bool(line.strip())
        if not line.strip() or (len(line.rstrip()) < SHORT_LINE * long and not runs_on):
            yield start, position
            start = position
    if start < position:
        yield start, position


def _split(text: str, stops: str, start: int, stop: int) -> Iterator[tuple[int, int]]:
    """Yield the span of each sentence between `start` and `stop`. `stops` is the text without those in rows."""
    begin = start
    for match in SENTENCE_END.finditer(stops, start, stop):
        if ABBREVIATION.search(text, begin, match.start()):
            continue
        if begin == start and LABEL.fullmatch(text, begin, match.start()):
            continue
        yield begin, match.end()
        begin = match.end()
    yield begin, stop
