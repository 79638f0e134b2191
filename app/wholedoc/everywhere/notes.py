"""Notes: two sentences on every section of a document, from its most telling passages, kept for the next time."""

from __future__ import annotations

import re
from collections.abc import Generator, Mapping, Sequence
from contextlib import suppress

from ..answer import AskingParts, Citation, PageSpan, SummarySection, SummarySentence
from ..answering.sources import sentence_sources
from ..writers.parts import parts_at_once, read_parts
from .asking import PartsAsking, Progress, groups
from .found.quotes import best_sentences
from .kinds import Kind
from .passages import CHARACTERS, Key, Passages, passages_of

# The longest note, in tokens.
TOKENS = 96
NOTE = "Summarise the passages in two sentences. Say only what they say, with their names and numbers.\n\n"
# A sentence of fewer words, such as the number of a paragraph, says nothing.
LEAST_WORDS = 4
# A small writer says that the passage says something, though it was asked to say what; and it repeats titles.
SAYS_THAT = re.compile(
    r"^(?:(?:the|this|these)\s+(?:passages?|texts?|sections?|notes?|chapters?)|it|they)\s+(?:also\s+)?"
    r"(?:mention|explain|state|say|note|indicate|add)s?\s+that\s+",
    re.I,
)
OF_PASSAGES = (
    (re.compile(r"^the passage\b", re.I), "This section"),
    (re.compile(r"^the passages\b", re.I), "These pages"),
)
BY_PASSAGE = re.compile(r"\s+of the passages?\b|^(?:in|according to) the passages?,?\s+", re.I)
ECHO = re.compile(r"^\[[^\]]{1,120}\]\s*")


def take_notes(
    asking: PartsAsking, passages: Sequence[Passages]
) -> Generator[AskingParts, None, list[SummarySection]]:
    """Write a note on each section that has none yet, and return the notes on all of them.

    Yields AskingParts, whose parts are sections. Raises what the writer raises; what was written before is kept.
    """
    written = _known(asking)
    missing = _missing(passages, written)
    progress = Progress(asking.pace(Kind.SUMMARY), len(missing))
    yield progress.event()
    for group in groups(missing, parts_at_once(asking.writer)):
        reader = read_parts(asking.writer, NOTE, [one.shown for one in group], asking.cancelled)
        yield progress.event()
        replies = reader.replies("", TOKENS, asking.cancelled)
        notes = [_section(one, reply.text, reply.cut_short) for one, reply in zip(group, replies, strict=True)]
        written |= {one.key: note for one, note in zip(group, notes, strict=True)}
        _keep(asking, written)
        progress.answered += [PageSpan(one.key[0], *one.section.pages) for one in group]
        yield progress.event()
    progress.end()
    return [written[one.key] for one in passages]


def sections_to_note(asking: PartsAsking) -> int:
    """Return of how many sections there are no notes yet."""
    return len(_missing(passages_of(asking), _known(asking)))


def _missing(passages: Sequence[Passages], written: Mapping[Key, SummarySection]) -> list[Passages]:
    return [one for one in passages if one.key not in written]


def _known(asking: PartsAsking) -> dict[Key, SummarySection]:
    """Return the notes that are kept of the documents."""
    if asking.notes is None:
        return {}
    kept = [one for document in asking.documents for one in asking.notes.get(document.id, _way(asking))]
    return {(one.document_id, one.title, one.pages): one for one in kept}


def _keep(asking: PartsAsking, written: Mapping[Key, SummarySection]) -> None:
    """Keep the notes. Where they cannot be kept the summary is as good, only slower the next time."""
    if asking.notes is None:
        return
    for document in asking.documents:
        notes = [note for note in written.values() if note.document_id == document.id]
        with suppress(OSError):
            asking.notes.put(document.id, _way(asking), notes)


def _way(asking: PartsAsking) -> str:
    """Return what notes depend on beside the document."""
    return f"{asking.writer.name} {CHARACTERS} {TOKENS} {NOTE}"


def _section(passages: Passages, note: str, cut_short: bool) -> SummarySection:
    """Return a note as sentences that the passages carry; where none does, their most telling one stands for it."""
    text = " ".join(note.split())
    citations = passages.citations
    carried = [
        _sentence(plainly(text[one.start : one.stop]), [citations[number - 1] for number in one.citations])
        for one in sentence_sources(text, citations)
        if one.citations and says_something(plainly(text[one.start : one.stop]), cut_short)
    ]
    section, document = passages.section, passages.section.parts[0].document
    if not carried:
        place = best_sentences(section.parts[0], section.parts[0].text)
        page = document.pages[place.page]
        quote = page.text[place.start : place.stop]
        carried = [SummarySentence(" ".join(quote.split()), (place.page + 1,), (page.label,))]
    return SummarySection(section.title, document.id, document.name, section.pages, tuple(carried))


def plainly(sentence: str) -> str:
    """Return a sentence without a title in front of it, and without saying that a passage says it."""
    plain = BY_PASSAGE.sub("", SAYS_THAT.sub("", ECHO.sub("", sentence)))
    for words, instead in OF_PASSAGES:
        plain = words.sub(instead, plain)
    return plain[:1].upper() + plain[1:]


def says_something(sentence: str, cut_short: bool) -> bool:
    """Return whether a sentence is worth showing: long enough, and whole, as far as its end and brackets tell."""
    whole = sentence.count("(") == sentence.count(")") and (not cut_short or sentence[-1] in ".!?")
    return whole and len(sentence.split()) >= LEAST_WORDS


def _sentence(text: str, carrying: Sequence[Citation]) -> SummarySentence:
    return SummarySentence(text, tuple(one.page for one in carrying), tuple(one.page_label for one in carrying))
