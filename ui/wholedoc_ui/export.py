"""A conversation as Markdown, with its citations."""

from __future__ import annotations

from collections.abc import Sequence

from wholedoc import Citation
from wholedoc.documents.document import place

from .saved.escaping import as_text, inert
from .saved.items import to_markdown_table
from .session import Exchange


def to_markdown(exchanges: Sequence[Exchange]) -> str:
    """Return every question with its answer and its citations. Quotes stay text, and answers keep their Markdown.

    No reader of Markdown finds HTML, an image or a link in it, whatever a document or a model says.
    """
    return "\n\n".join(_exchange(one) for one in exchanges) + "\n" if exchanges else ""


def _exchange(exchange: Exchange) -> str:
    parts = [f"## {as_text(exchange.question)}"]
    items = exchange.evidence.items if exchange.evidence else ()
    everywhere = exchange.answer.everywhere if exchange.answer else None
    text = everywhere.lead if everywhere and items else exchange.text.strip()
    if text:
        parts.append(inert(text))
    if exchange.status:
        parts.append(f"*{as_text(exchange.status)}*")
    if items:  # the table has their quotes
        parts.append(to_markdown_table(items))
    elif exchange.answer:
        parts += [_citation(one) for one in exchange.answer.citations]
    return "\n\n".join(parts)


def _citation(citation: Citation) -> str:
    source = f"{as_text(citation.document)}, {as_text(place(citation.page_label))}"
    return f"> {as_text(citation.quote)}\n>\n> — {source}"
