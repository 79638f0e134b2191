"""A conversation as Markdown, with its citations."""

from __future__ import annotations

from collections.abc import Sequence

from wholedoc import Citation

from .session import Exchange


def to_markdown(exchanges: Sequence[Exchange]) -> str:
    """Every question with its answer and the pages that carry it. Quotes are text, whatever they contain."""
    return "\n\n".join(_exchange(one) for one in exchanges) + "\n" if exchanges else ""


def _exchange(exchange: Exchange) -> str:
    parts = [f"## {_one_line(exchange.question)}"]
    if exchange.text:
        parts.append(exchange.text.strip())
    if exchange.status:
        parts.append(f"*{exchange.status}*")
    if exchange.answer:
        parts += [_citation(one) for one in exchange.answer.citations]
    return "\n\n".join(parts)


def _citation(citation: Citation) -> str:
    return (
        f"> {_as_text(_one_line(citation.quote))}\n>\n> — {_as_text(citation.document)}, p. {citation.page_label}"
    )


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _as_text(text: str) -> str:
    """Escape what Markdown would turn into markup, links or images."""
    return "".join(f"\\{one}" if one in "\\`*_[]<>!#|" else one for one in text)
