"""Summaries: notes of every section from its most telling passages, then the whole from the notes."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from contextlib import suppress

from ...answer import Citation, Everywhere, SummarySection, SummarySentence
from ...answering.sources import sentence_sources
from ...documents.document import places
from ...documents.sentences import sentences
from ...writers.parts import Reply, read_parts
from ..asking import Events, PartsAsking, tell
from ..found.quotes import best_sentences
from ..notes import says_something, take_notes
from ..passages import Passages, passages_of
from ..stems import stems

# The whole is written from the notes: the longest text, in tokens, and the characters of the notes it may be from.
WHOLE_TOKENS, NOTES_CHARACTERS = 320, 5_000
NOTES = "These are notes on a document, section by section.\n\n"
WHOLE = (
    "\n\nSay in {count} sentences what the whole document is about. Say only what the notes say, in your own "
    "words, and do not list sections."
)
OF_NOTES = re.compile(r"^the notes\b", re.I)
# A sentence on the whole has the pages of so many sections at most, of which each says so many more of its words.
PLACES, LEAST_NEW = 3, 2
# How many sentences the whole has if the question does not say.
COUNT = 5
STATED = re.compile(r"\b(\d+|one|two|three|four|five|six|seven|eight|nine|ten) sentences?\b", re.I)
COUNTS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def summarise(asking: PartsAsking) -> Events:
    """Summarise the documents, or the sections that the question names. Raises what the writer raises."""
    started = time.perf_counter()
    telling = passages_of(asking)
    sections = yield from take_notes(asking, telling)
    lead = _whole(asking, sections) if len(sections) > 1 else "" if sections else "There is no text to summarise."
    asked = sum(len(one.parts) for one in telling)
    everywhere = Everywhere(len(asking.parts), asked, sections=tuple(sections), lead=lead)
    yield from tell(asking, started, everywhere, _body(sections), _cited(telling, sections))


def _whole(asking: PartsAsking, sections: Sequence[SummarySection]) -> str:
    """Return as many sentences on all sections as were asked for, of those that titles and notes together carry.

    Each has the pages of the sections that say most of it. It is kept beside the notes that it is written from.
    """
    notes = [" ".join(one.text for one in section.sentences) for section in sections]
    share = max(80, NOTES_CHARACTERS // max(len(notes), 1))
    lines = [f"{section.title}: {_up_to(note, share)}" for section, note in zip(sections, notes, strict=True)]
    told, count = "\n".join(lines), _count(asking.question)
    way = f"{asking.writer.name} {count} {WHOLE} {told}"
    first = sections[0]
    kept = asking.notes.get(first.document_id, way) if asking.notes is not None else []
    if not kept:
        reader = read_parts(asking.writer, NOTES, [told], asking.cancelled)
        (reply,) = reader.replies(WHOLE.format(count=count), WHOLE_TOKENS, asking.cancelled)
        known = [f"{section.title}. {note}" for section, note in zip(sections, notes, strict=True)]
        said = [f"{one} ({_places(one, known, sections)})" for one in _carried(reply, known)[:count]]
        sentences_of_whole = tuple(SummarySentence(one, (), ()) for one in said)
        kept = [SummarySection("", first.document_id, first.document, first.pages, sentences_of_whole)]
        if asking.notes is not None:
            with suppress(OSError):  # it is as good if it cannot be kept
                asking.notes.put(first.document_id, way, kept)
    return " ".join(one.text for one in kept[0].sentences)


def _carried(reply: Reply, known: Sequence[str]) -> list[str]:
    """Return the sentences of a reply that all of what is known carries."""
    text = " ".join(reply.text.split())
    sources = sentence_sources(text, [Citation("", "", 1, "", " ".join(known), 1.0)])
    carried = (OF_NOTES.sub("Its sections", text[one.start : one.stop]) for one in sources if one.citations)
    return [one for one in carried if says_something(one, reply.cut_short)]


def _places(sentence: str, known: Sequence[str], sections: Sequence[SummarySection]) -> str:
    """Return the pages where the sections begin that together say most of a sentence, as people write them."""
    left = stems(sentence)
    chosen: list[int] = []
    while len(chosen) < PLACES:
        index = max(range(len(known)), key=lambda one: len(left & stems(known[one])))
        new = left & stems(known[index])
        if chosen and len(new) < LEAST_NEW:
            break
        chosen.append(index)
        left -= new
    several = len({section.document_id for section in sections}) > 1
    begun = [(sections[index].document, sections[index].sentences[0].page_labels[0]) for index in sorted(chosen)]
    if not several:
        return places([label for _, label in begun])
    return "; ".join(dict.fromkeys(f"{document}, {places([label])}" for document, label in begun))


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


def _cited(telling: Sequence[Passages], written: Sequence[SummarySection]) -> list[Citation]:
    """Return one citation for each section: the sentences on its first cited page that say most of its note.

    A section without text has none, unless no section has any.
    """
    cited: list[Citation] = []
    titles: list[Citation] = []
    for passages, section in zip(telling, written, strict=True):
        note = " ".join(one.text for one in section.sentences)
        pages = {page for one in section.sentences for page in one.pages}
        part = max(passages.parts, key=lambda one: (one.pages[0] in pages, len(stems(note) & stems(one.text))))
        place = best_sentences(part, note)
        page = part.document.pages[place.page]
        quote = page.text[place.start : place.stop]
        is_title = part.is_in_title(place.page, place.start, place.stop)
        one = Citation(part.document.id, part.document.name, place.page + 1, page.label, quote, 1.0)
        (titles if is_title else cited).append(one)
    return cited or titles


def _body(sections: Sequence[SummarySection]) -> str:
    """Return the sections as Markdown, each sentence with its pages."""
    several = len({section.document_id for section in sections}) > 1
    blocks: list[str] = []
    for section in sections:
        title = f"{section.document}: {section.title}" if several else section.title
        said = " ".join(f"{one.text} ({places(one.page_labels)})" for one in section.sentences)
        blocks.append(f"**{title}**\n{said}")
    return "\n\n".join(blocks)
