"""The sections that a document is summarised by: those of its outline, or equal parts where it has none."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ..documents.document import Document, OutlineEntry
from .parts import Part
from .stems import stems

# The outline is followed as deep as it has no more sections than this.
MOST = 64
# A document without an outline is divided so that a section has about so many parts,
PARTS = 24
# but into no more sections than this.
EQUAL = 12
NUMBERED = re.compile(r"\b(?:chapter|section|part|article|clause)\s+(\d+(?:\.\d+)*)\b", re.I)


@dataclass(frozen=True)
class Section:
    """A title and the parts that stand under it, at least one."""

    title: str
    parts: tuple[Part, ...]

    @property
    def pages(self) -> tuple[int, int]:
        """The first and the last page, 1-based."""
        return self.parts[0].pages[0], self.parts[-1].pages[1]


def sections_of(document: Document, parts: Sequence[Part]) -> list[Section]:
    """Return the sections of a document in order."""
    if not parts:
        return []
    titles = [" › ".join(part.heading.split(" › ")[: _depth(document)]) for part in parts]
    if len(set(titles)) < 3:
        return _equal(parts)
    grouped: list[tuple[str, list[Part]]] = []
    for title, part in zip(titles, parts, strict=True):
        if not grouped or grouped[-1][0] != title:
            grouped.append((title, []))
        grouped[-1][1].append(part)
    return [Section(title or "Beginning", tuple(some)) for title, some in grouped]


def asked_for(sections: Sequence[Section], question: str) -> list[Section]:
    """Return the sections that a question names, by number or by title; all if it names none."""
    number = NUMBERED.search(question)
    if number is not None:
        chosen = [one for one in sections if _has_number(one.title, number[1])]
        if not chosen:
            chosen = _nth_chapter(sections, number[1])
        if chosen:
            return chosen
    asked = stems(question) - SUMMARISING
    best = max((_named(one.title, asked) for one in sections), default=0.0)
    return [one for one in sections if _named(one.title, asked) == best] if best >= 0.5 else list(sections)


# What a request for a summary says beside the title of a section.
SUMMARISING = stems(
    "summarise summarize summary overview main points chapter section part report document about short sentences "
    "key findings give write please brief whole"
)


def _depth(document: Document) -> int:
    """Return how many levels of the outline are followed."""
    deepest = max((entry.level for entry in document.outline), default=0)
    fitting = [level for level in range(1, deepest + 1) if _count(document.outline, level) <= MOST]
    return max(fitting, default=1)


def _count(outline: Sequence[OutlineEntry], level: int) -> int:
    return sum(entry.level <= level for entry in outline)


def _equal(parts: Sequence[Part]) -> list[Section]:
    count = max(1, min(EQUAL, len(parts) // PARTS))
    size = -(-len(parts) // count)
    groups = [tuple(parts[first : first + size]) for first in range(0, len(parts), size)]
    return [Section(_pages(group), group) for group in groups]


def _pages(parts: Sequence[Part]) -> str:
    pages = parts[0].document.pages
    first, last = pages[parts[0].pages[0] - 1], pages[parts[-1].pages[1] - 1]
    return f"Page {first.label}" if first is last else f"Pages {first.label} to {last.label}"


def _has_number(title: str, number: str) -> bool:
    return any(re.match(rf"(?:\w+\s+)?{re.escape(number)}(?:[.\s:]|$)", one) for one in title.split(" › "))


def _nth_chapter(sections: Sequence[Section], number: str) -> list[Section]:
    """Return the sections under the n-th title of the first level."""
    chapters = list(dict.fromkeys(one.title.split(" › ")[0] for one in sections))
    if not number.isdigit() or not 0 < int(number) <= len(chapters):
        return []
    return [one for one in sections if one.title.split(" › ")[0] == chapters[int(number) - 1]]


def _named(title: str, asked: frozenset[str]) -> float:
    """Return the largest share of a title's words, on any of its levels, that a question says."""
    return max(
        (len(words & asked) / len(words) for one in title.split(" › ") if (words := stems(one))), default=0.0
    )
