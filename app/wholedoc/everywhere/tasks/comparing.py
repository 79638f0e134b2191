"""Compare: the same question to each document apart, and what they answer side by side."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Generator, Sequence

from ...answer import Answer, Event, Everywhere, Item
from ...documents.document import Document
from ..asking import PartsAsking, tell

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


def compare(asking: PartsAsking, ask_one: AskOne) -> Generator[Event, None, None]:
    """Ask every document: yields the events of the question to each, then Cited, Token and Done."""
    started = time.perf_counter()
    question = question_for_each(asking.question)
    items: list[Item] = []
    for document in asking.documents:
        answer = yield from ask_one(document, question)
        items.append(_item(document, answer))
    silent = sum(not one.item for one in items)
    several = 0 < silent < len(items)
    lead = f"Only {len(items) - silent} of {len(items)} documents say it." if several else ""
    yield from tell(asking, started, Everywhere(len(items), len(items), tuple(items), lead=lead), _table(items))


def _item(document: Document, answer: Answer) -> Item:
    if not answer.found or not answer.citations:
        return Item("", document.id, document.name, 1, document.pages[0].label, "", verified=False)
    best = answer.citations[0]
    sure = not answer.unsupported
    return Item(answer.text, document.id, document.name, best.page, best.page_label, best.quote, verified=sure)


def _table(items: Sequence[Item]) -> str:
    """Return the answers as a table in Markdown."""
    rows = [
        f"| {_cell(one.document)} | {_cell(one.item) or 'does not say'} | {one.page_label if one.item else ''} |"
        for one in items
    ]
    return "\n".join(["| document | answer | page |", "|---|---|---|", *rows])


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
