"""The answer to a question to every part, as the chat shows it: what is said, then a table or sections."""

from __future__ import annotations

from wholedoc import Answer
from wholedoc.everywhere.summarising import told

from .. import found_views
from ..saved.items import beside
from ..session import Exchange
from .markdown import inert


def shown(exchange: Exchange, index: int) -> str:
    """Return what an exchange has brought so far as inert Markdown with HTML of our own.

    `index` is the exchange's place in the conversation. HTML stands on one line: Markdown leaves such a block as it
    is until the next blank line.
    """
    answer, evidence = exchange.answer, exchange.evidence
    if answer and answer.everywhere and answer.everywhere.sections:
        html = found_views.sections(index, answer.everywhere.sections)
        return _joined(inert(_whole(answer)), html)
    if evidence is None or not evidence.items:
        return inert(exchange.text)
    html = found_views.items(
        index,
        exchange.kind,
        evidence.items,
        documents=len(evidence.asked),
        complete=answer is not None,
    )
    return _joined(inert(beside(exchange.text)), html)


def way(exchange: Exchange, index: int) -> str:
    """Return how a question was asked, and the button that asks the other way; empty while it is being answered."""
    if exchange.answer is None:
        return ""
    return _one_line(found_views.way(index, exchange.kind, exchange.answer.everywhere))


def _whole(answer: Answer) -> str:
    """Return what a summary says before its sections."""
    assert answer.everywhere is not None
    return answer.text.removesuffix(told("", answer.everywhere.sections)).strip()


def _joined(text: str, html: str) -> str:
    return "\n\n".join(part for part in (text, _one_line(html)) if part)


def _one_line(html: str) -> str:
    return " ".join(html.split())
