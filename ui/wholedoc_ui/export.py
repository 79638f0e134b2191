"""A conversation as Markdown, with its citations."""

from __future__ import annotations

import re
from collections.abc import Sequence

from wholedoc import Citation

from .session import Exchange

# Characters that Markdown acts upon anywhere in a line.
_ACTS = re.compile(r"[\\`*_\[\]<>!#|~&]")
# A beginning that makes a list or a rule of its line.
_BEGINS = re.compile(r"^(\d*)([-+.)=])")


def to_markdown(exchanges: Sequence[Exchange]) -> str:
    """Return every question with its answer and its citations. Quotes stay text, whatever they contain."""
    return "\n\n".join(_exchange(one) for one in exchanges) + "\n" if exchanges else ""


def _exchange(exchange: Exchange) -> str:
    parts = [f"## {_as_text(exchange.question)}"]
    if exchange.text:
        parts.append(_without_html_and_images(exchange.text.strip()))
    if exchange.status:
        parts.append(f"*{_as_text(exchange.status)}*")
    if exchange.answer:
        parts += [_citation(one) for one in exchange.answer.citations]
    return "\n\n".join(parts)


def _citation(citation: Citation) -> str:
    source = f"{_as_text(citation.document)}, p. {_as_text(citation.page_label)}"
    return f"> {_as_text(citation.quote)}\n>\n> — {source}"


def _as_text(text: str) -> str:
    """Return the text on one line, with everything escaped that Markdown would act upon."""
    line = _ACTS.sub(r"\\\g<0>", " ".join(text.split()))
    return _BEGINS.sub(r"\1\\\2", line)


def _without_html_and_images(answer: str) -> str:
    """Return a model's Markdown without HTML and images, so that nothing is fetched when the file is opened."""
    return answer.replace("<", "\\<").replace("![", "!\\[")
