"""What changed between two documents: paragraph by paragraph, found by code alone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from ..answer import Citation, Everywhere, Item
from ..documents.document import Document
from ..documents.sentences import paragraphs
from .parts import parts_of

# A question for changes as a whole, and not for one topic.
CHANGES = re.compile(
    r"\bwhat(?:'s| is| has| was| are)?( all| been)? (the )?(changed|changes|different|new|differences)\b", re.I
)
# A changed paragraph has so much in common with the one it replaces; else one was removed and another added.
ALIKE = 0.5


@dataclass(frozen=True)
class _Paragraph:
    page: int
    start: int
    stop: int
    text: str


def asks_for_changes(question: str, documents: Sequence[Document]) -> bool:
    """Return whether a question asks what is different between two documents, whatever it is."""
    return len(documents) == 2 and bool(CHANGES.search(question))


def changes(before: Document, after: Document) -> tuple[Everywhere, tuple[Citation, ...]]:
    """Return an item for each paragraph that was changed, added or removed, in the order of the second document."""
    old, new = list(_paragraphs(before)), list(_paragraphs(after))
    matcher = SequenceMatcher(
        None, [_plain(one.text) for one in old], [_plain(one.text) for one in new], autojunk=False
    )
    items: list[Item] = []
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag != "equal":
            items += _differing(before, after, old[a:b], new[c:d])
    citations = tuple(
        Citation(one.document_id, one.document, one.page, one.page_label, one.quote, 1.0) for one in items
    )
    return Everywhere(len(old) + len(new), len(old) + len(new), tuple(items), len(items)), citations


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


def told(everywhere: Everywhere) -> str:
    """Return the changes as text."""
    if not everywhere.items:
        return "Nothing changed: both documents have the same paragraphs."
    lines = [f"- {one.document}, p. {one.page_label}, {one.item}: {_plain(one.quote)}" for one in everywhere.items]
    return f"{len(everywhere.items):,} paragraphs are different.\n\n" + "\n".join(lines)
