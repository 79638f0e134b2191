"""What changed between two documents: paragraph by paragraph, found by code alone."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from ...answer import Everywhere, Item
from ...documents.document import Document, place
from ...documents.sentences import paragraphs
from ..asking import Events, PartsAsking, lines, tell
from ..parts import parts_of

# A changed paragraph has so much in common with the one it replaces; else one was removed and another added.
ALIKE = 0.5


@dataclass(frozen=True)
class _Paragraph:
    page: int
    start: int
    stop: int
    text: str


def changes(asking: PartsAsking) -> Events:
    """Say what became of each paragraph of the first document in the second. No model is asked."""
    started = time.perf_counter()
    before, after = asking.documents
    items = list(differences(before, after))
    lead = f"{len(items):,} paragraphs are different." if items else "Both documents have the same paragraphs."
    body = lines([f"{one.document}, {place(one.page_label)}, {one.item}: {_plain(one.quote)}" for one in items])
    parts = len(asking.parts)
    yield from tell(asking, started, Everywhere(parts, parts, tuple(items), len(items), lead=lead), body)


def differences(before: Document, after: Document) -> Iterator[Item]:
    """Yield an item for each paragraph that was changed, added or removed, in the order of the second document."""
    old, new = list(_paragraphs(before)), list(_paragraphs(after))
    before_texts, after_texts = ([_plain(one.text) for one in some] for some in (old, new))
    matcher = SequenceMatcher(None, before_texts, after_texts, autojunk=False)
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag != "equal":
            yield from _differing(before, after, old[a:b], new[c:d])


def _differing(
    before: Document, after: Document, old: Sequence[_Paragraph], new: Sequence[_Paragraph]
) -> Iterator[Item]:
    """Yield what became of some paragraphs: those that are alike were changed, the rest removed and added."""
    left = list(new)
    for one in old:
        twin = next((other for other in left if _likeness(one.text, other.text) >= ALIKE), None)
        if twin is None:
            yield _item("removed", before, one)
            continue
        for other in left[: left.index(twin)]:
            yield _item("added", after, other)
        del left[: left.index(twin) + 1]
        yield _item(f"changed, before: {' '.join(one.text.split())}", after, twin)
    for other in left:
        yield _item("added", after, other)


def _item(what: str, document: Document, paragraph: _Paragraph) -> Item:
    page = document.pages[paragraph.page]
    quote = page.text[paragraph.start : paragraph.stop]
    return Item(what, document.id, document.name, paragraph.page + 1, page.label, quote, verified=True)


def _paragraphs(document: Document) -> Iterator[_Paragraph]:
    """Yield the paragraphs of a document without running heads."""
    for part in parts_of(document):
        for span in part.spans:
            text = document.pages[span.page].text[span.start : span.stop]
            for start, stop in paragraphs(text):
                if text[start:stop].strip():
                    yield _Paragraph(span.page, span.start + start, span.start + stop, text[start:stop])


def _likeness(one: str, other: str) -> float:
    return SequenceMatcher(None, _plain(one).split(), _plain(other).split(), autojunk=False).ratio()


def _plain(text: str) -> str:
    return " ".join(text.split())
