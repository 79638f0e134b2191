"""Compare: the same question to each document apart, and what they answer side by side."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Sequence

from ..answer import Answer, Citation, Event, Everywhere, Item
from ..documents.document import Document

# Asks one document a question, as if it were the only one, and returns the answer.
AskOne = Callable[[Document, str], Generator[Event, None, Answer]]
# What a question compares: "How do A and B differ on notice periods?"
TOPIC = re.compile(
    r"\b(?:differ\w*|differences?|changed?|changes|compar\w+|contrast\w*)\b.*?\b"
    r"(?:on|in|about|regarding|concerning|with respect to|in terms of|as to)\s+(?P<topic>.+?)\s*[?.]*$",
    re.I,
)


def question_for_each(question: str) -> str:
    """Return what each document is asked by itself."""
    match = TOPIC.search(question)
    return f"What does the document say about {match['topic']}?" if match else question


def compare(
    documents: Sequence[Document], question: str, ask_one: AskOne
) -> Generator[Event, None, tuple[Everywhere, tuple[Citation, ...]]]:
    """Ask every document: yields the events of each question, and returns the table with its citations."""
    asked = question_for_each(question)
    items: list[Item] = []
    citations: list[Citation] = []
    for document in documents:
        answer = yield from ask_one(document, asked)
        items.append(_item(document, answer))
        citations += answer.citations[:1] if answer.found else ()
    return Everywhere(len(documents), len(documents), tuple(items)), tuple(citations)


def _item(document: Document, answer: Answer) -> Item:
    if not answer.found or not answer.citations:
        return Item("", document.id, document.name, 1, document.pages[0].label, "", verified=False)
    best = answer.citations[0]
    sure = not answer.unsupported
    return Item(answer.text, document.id, document.name, best.page, best.page_label, best.quote, verified=sure)


def told(everywhere: Everywhere) -> str:
    """Return the table as Markdown."""
    rows = [
        f"| {_cell(one.document)} | {_cell(one.item) or 'does not say'} | {one.page_label if one.item else ''} |"
        for one in everywhere.items
    ]
    silent = [one.document for one in everywhere.items if not one.item]
    saying = len(everywhere.items) - len(silent)
    note = f"\n\nOnly {saying} of {len(everywhere.items)} documents say it." if silent and saying else ""
    return "\n".join(["| document | answer | page |", "|---|---|---|", *rows]) + note


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
