"""The passages that a section is summarised from: those whose words are most its own."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from ..answer import Citation
from ..documents.document import Document
from .asking import PartsAsking
from .parts import Part
from .sections import Section, asked_for, sections_of
from .stems import stems

# Characters of a section's passages that the writer reads.
CHARACTERS = 2000
# A section's document, title and pages.
Key = tuple[str, str, tuple[int, int]]


@dataclass(frozen=True)
class Passages:
    """The most telling parts of a section, in its order."""

    section: Section
    parts: tuple[Part, ...]

    @property
    def key(self) -> Key:
        """What tells the section from others."""
        return self.section.parts[0].document.id, self.section.title, self.section.pages

    @property
    def shown(self) -> str:
        """The passages as the writer sees them."""
        return f"[{self.section.title}]\n" + "\n\n".join(part.text for part in self.parts)

    @property
    def citations(self) -> list[Citation]:
        """One for each page that the parts stand on, so that a sentence finds its pages."""
        document = self.section.parts[0].document
        said: dict[int, list[str]] = {}
        for part in self.parts:
            for span, text in zip(part.spans, part.texts, strict=True):
                said.setdefault(span.page, []).append(text)
        return [
            Citation(document.id, document.name, page + 1, document.pages[page].label, "\n".join(texts), 1.0)
            for page, texts in sorted(said.items())
        ]


def passages_of(asking: PartsAsking) -> list[Passages]:
    """Return the passages of the sections that the question names, of all documents."""
    return [one for document in asking.documents for one in _asked_for(asking, document)]


def _asked_for(asking: PartsAsking, document: Document) -> list[Passages]:
    """Return the passages of the sections that the question names.

    They are the same whichever sections are asked for, so that notes on them can be kept.
    """
    sections = sections_of(document, [part for part in asking.parts if part.document is document])
    chosen = asked_for(sections, asking.question)
    return [one for one in _telling(sections) if one.section in chosen]


def _telling(sections: Sequence[Section]) -> list[Passages]:
    """Return of each section the parts whose words are most its own, up to `CHARACTERS`, with its first part."""
    counted = [Counter(word for part in one.parts for word in stems(part.text)) for one in sections]
    among = Counter(word for count in counted for word in count)
    found: list[Passages] = []
    for section, count in zip(sections, counted, strict=True):
        weight = {word: many * math.log(1 + len(sections) / among[word]) for word, many in count.items()}

        def told(part: Part, weight: dict[str, float] = weight) -> float:
            words = stems(part.text)
            return sum(weight[word] for word in words) / math.sqrt(len(words) + 1)

        chosen, size = [section.parts[0]], len(section.parts[0].text)
        for part in sorted(section.parts[1:], key=lambda one: -told(one)):
            if size + len(part.text) <= CHARACTERS:
                chosen.append(part)
                size += len(part.text)
        found.append(Passages(section, tuple(sorted(chosen, key=lambda one: one.index))))
    return found
