"""Summaries: notes of every section from its most telling passages, then the whole from the notes."""

from __future__ import annotations

import math
import re
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from ...answer import Citation, Everywhere, SummarySection, SummarySentence
from ...answering.sources import sentence_sources
from ...documents.document import Document
from ...documents.sentences import sentences
from ...writers.parts import read_parts
from ..asking import Events, PartsAsking, Progress, groups, tell
from ..kinds import Kind
from ..parts import Part
from ..quotes import best_sentences
from ..sections import Section, asked_for, sections_of
from ..stems import stems

# Characters of a section's passages that the writer reads, and the longest note, in tokens.
CHARACTERS, NOTE_TOKENS = 2000, 96
# The whole is written from the notes: the longest text, in tokens, and the characters of the notes it may be from.
WHOLE_TOKENS, NOTES_CHARACTERS = 320, 12_000
NOTE = "Summarise the passages in two sentences. Say only what they say, with their names and numbers.\n\n"
NOTES = "These are notes on a document, section by section.\n\n"
WHOLE = "\n\nSay in {count} sentences what the document as a whole is about. Say only what the notes say."
# A sentence of fewer words, such as the number of a paragraph, says nothing.
LEAST_WORDS = 4
# How many sentences the whole has if the question does not say.
COUNT = 5
STATED = re.compile(r"\b(\d+|one|two|three|four|five|six|seven|eight|nine|ten) sentences?\b", re.I)
COUNTS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


# A section's document, title and pages.
_Key = tuple[str, str, tuple[int, int]]


@dataclass(frozen=True)
class _Passages:
    """The most telling parts of a section, in its order."""

    section: Section
    parts: tuple[Part, ...]

    @property
    def key(self) -> _Key:
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


def summarise(asking: PartsAsking) -> Events:
    """Summarise the documents, or the sections that the question names. Raises what the writer raises."""
    started = time.perf_counter()
    telling = _passages(asking)
    written = _known(asking)
    missing = _missing(telling, written)
    progress = Progress(asking.pace(Kind.SUMMARY), len(missing))
    yield progress.event()
    for group in groups(asking, missing):
        reader = read_parts(asking.writer, NOTE, [one.shown for one in group], asking.cancelled)
        yield progress.event()
        replies = reader.replies("", NOTE_TOKENS, asking.cancelled)
        notes = [_section(one, reply.text, reply.cut_short) for one, reply in zip(group, replies, strict=True)]
        written |= {one.key: note for one, note in zip(group, notes, strict=True)}
        _keep(asking, written)
        progress.done += len(group)
        yield progress.event()
    sections = [written[one.key] for one in telling]
    progress.end()
    lead = _whole(asking, sections) if len(sections) > 1 else "" if sections else "There is no text to summarise."
    asked = sum(len(one.parts) for one in telling)
    everywhere = Everywhere(len(asking.parts), asked, sections=tuple(sections), lead=lead)
    yield from tell(asking, started, everywhere, _body(sections), _cited(telling, sections))


def sections_to_note(asking: PartsAsking) -> int:
    """Return of how many sections there are no notes yet."""
    return len(_missing(_passages(asking), _known(asking)))


def _passages(asking: PartsAsking) -> list[_Passages]:
    return [one for document in asking.documents for one in _asked_for(asking, document)]


def _missing(telling: Sequence[_Passages], written: Mapping[_Key, SummarySection]) -> list[_Passages]:
    return [one for one in telling if one.key not in written]


def _asked_for(asking: PartsAsking, document: Document) -> list[_Passages]:
    """Return the passages of the sections that the question names.

    They are the same whichever sections are asked for, so that notes on them can be kept.
    """
    sections = sections_of(document, [part for part in asking.parts if part.document is document])
    chosen = asked_for(sections, asking.question)
    return [one for one in _telling(sections) if one.section in chosen]


def _known(asking: PartsAsking) -> dict[_Key, SummarySection]:
    """Return the notes that are kept of the documents."""
    if asking.notes is None:
        return {}
    kept = [one for document in asking.documents for one in asking.notes.get(document.id, _way(asking))]
    return {(one.document_id, one.title, one.pages): one for one in kept}


def _keep(asking: PartsAsking, written: Mapping[_Key, SummarySection]) -> None:
    """Keep the notes. Where they cannot be kept the summary is as good, only slower the next time."""
    if asking.notes is None:
        return
    for document in asking.documents:
        notes = [note for note in written.values() if note.document_id == document.id]
        with suppress(OSError):
            asking.notes.put(document.id, _way(asking), notes)


def _way(asking: PartsAsking) -> str:
    """Return what notes depend on beside the document."""
    return f"{asking.writer.name} {CHARACTERS} {NOTE_TOKENS} {NOTE}"


def _telling(sections: Sequence[Section]) -> list[_Passages]:
    """Return of each section the parts whose words are most its own, up to `CHARACTERS`, with its first part."""
    counted = [Counter(word for part in one.parts for word in stems(part.text)) for one in sections]
    among = Counter(word for count in counted for word in count)
    found: list[_Passages] = []
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
        found.append(_Passages(section, tuple(sorted(chosen, key=lambda one: one.index))))
    return found


def _section(passages: _Passages, note: str, cut_short: bool) -> SummarySection:
    """Return a note as sentences that the passages carry; where none does, their most telling one stands for it."""
    text = " ".join(note.split())
    citations = passages.citations
    carried = [
        _sentence(text[one.start : one.stop], [citations[number - 1] for number in one.citations])
        for one in sentence_sources(text, citations)
        if one.citations and _says_something(text[one.start : one.stop], cut_short)
    ]
    section, document = passages.section, passages.section.parts[0].document
    if not carried:
        place = best_sentences(section.parts[0], section.parts[0].text)
        page = document.pages[place.page]
        quote = page.text[place.start : place.stop]
        carried = [SummarySentence(" ".join(quote.split()), (place.page + 1,), (page.label,))]
    return SummarySection(section.title, document.id, document.name, section.pages, tuple(carried))


def _says_something(sentence: str, cut_short: bool) -> bool:
    """Return whether a sentence is worth showing: long enough, and with its end if the text may be cut."""
    return len(sentence.split()) >= LEAST_WORDS and (not cut_short or sentence[-1] in ".!?")


def _sentence(text: str, carrying: Sequence[Citation]) -> SummarySentence:
    return SummarySentence(text, tuple(one.page for one in carrying), tuple(one.page_label for one in carrying))


def _whole(asking: PartsAsking, sections: Sequence[SummarySection]) -> str:
    """Return as many sentences on all sections as were asked for, of those that the sections' notes carry."""
    notes = [" ".join(one.text for one in section.sentences) for section in sections]
    share = max(80, NOTES_CHARACTERS // max(len(notes), 1))
    lines = [f"{section.title}: {_up_to(note, share)}" for section, note in zip(sections, notes, strict=True)]
    count = _count(asking.question)
    reader = read_parts(asking.writer, NOTES, ["\n".join(lines)], asking.cancelled)
    (reply,) = reader.replies(WHOLE.format(count=count), WHOLE_TOKENS, asking.cancelled)
    text = " ".join(reply.text.split())
    sources = sentence_sources(text, [Citation("", "", 1, "", note, 1.0) for note in notes])
    carried = (text[one.start : one.stop] for one in sources if one.citations)
    return " ".join([one for one in carried if _says_something(one, reply.cut_short)][:count])


def _up_to(text: str, characters: int) -> str:
    """Return the first sentences of a text that together have so many characters, at least one."""
    kept = [one for one in sentences(text) if one.stop <= characters] or sentences(text)[:1]
    return text[: kept[-1].stop] if kept else text


def _count(question: str) -> int:
    match = STATED.search(question)
    if match is None:
        return COUNT
    word = match[1].casefold()
    return COUNTS.index(word) + 1 if word in COUNTS else max(1, min(20, int(word)))


def _cited(telling: Sequence[_Passages], written: Sequence[SummarySection]) -> list[Citation]:
    """Return one citation for each section: the sentences on its first cited page that say most of its note."""
    cited: list[Citation] = []
    for passages, section in zip(telling, written, strict=True):
        note = " ".join(one.text for one in section.sentences)
        pages = {page for one in section.sentences for page in one.pages}
        part = max(passages.parts, key=lambda one: (one.pages[0] in pages, len(stems(note) & stems(one.text))))
        place = best_sentences(part, note)
        page = part.document.pages[place.page]
        quote = page.text[place.start : place.stop]
        cited.append(Citation(part.document.id, part.document.name, place.page + 1, page.label, quote, 1.0))
    return cited


def _body(sections: Sequence[SummarySection]) -> str:
    """Return the sections as Markdown, each sentence with its pages."""
    several = len({section.document_id for section in sections}) > 1
    blocks: list[str] = []
    for section in sections:
        title = f"{section.document}: {section.title}" if several else section.title
        said = " ".join(f"{one.text} (p. {', '.join(one.page_labels)})" for one in section.sentences)
        blocks.append(f"**{title}**\n{said}")
    return "\n\n".join(blocks)
