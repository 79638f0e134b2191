"""The answer to a question to every part, as the chat shows it: what is said, then a table or sections."""

from __future__ import annotations

from .. import found_views
from ..session import Exchange
from .markdown import inert


def shown(exchange: Exchange, index: int) -> str:
    """Return what an exchange has brought so far as inert Markdown with HTML of our own.

    `index` is the exchange's place in the conversation. HTML stands on one line: Markdown leaves such a block as it
    is until the next blank line.
    """
    everywhere = exchange.answer.everywhere if exchange.answer else None
    items = exchange.evidence.items if exchange.evidence else ()
    if everywhere and everywhere.sections:
        return _joined(inert(everywhere.lead), found_views.sections(index, everywhere.sections))
    if not items:
        return inert(exchange.text)
    html = found_views.items(
        index,
        exchange.kind,
        items,
        documents=len(exchange.evidence.asked) if exchange.evidence else 0,
        complete=everywhere is not None,
    )
    return _joined(inert(everywhere.lead) if everywhere else "", html)


def way(exchange: Exchange) -> str:
    """Return how a question to every part was asked; empty for one place, and while it is being answered."""
    if exchange.answer is None or exchange.kind is None:
        return ""
    return one_line(found_views.way(exchange.kind, exchange.answer.everywhere))


def _joined(text: str, html: str) -> str:
    return "\n\n".join(part for part in (text, one_line(html)) if part)


def one_line(html: str) -> str:
    """Return HTML on one line, as Markdown leaves it alone until the next blank line."""
    return " ".join(html.split())
