"""A conversation as Markdown, with its citations."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

from wholedoc import Citation

from .session import Exchange

# Characters that Markdown acts upon anywhere in a line. Angle brackets and ampersands are written as HTML writes
# them, since some readers of Markdown know no backslash in front of them.
_ACTS = re.compile(r"[\\`*_\[\]!#|~]")
# A beginning that makes a list or a rule of its line.
_BEGINS = re.compile(r"^(\d*)([-+.)=])")
# What makes HTML, links and diagrams, with the backslashes in front of it: tags; images, links and their
# definitions; addresses and names of sites and of people, which many readers turn into links without being told to.
_ACTIVE = re.compile(
    r"(\\*)(<(?=\S)|\](?=[(\[:])|(?<=/)/|(?<=www)\.|\.(?=[^\W\d_])|@|(?<=[`~])\s*mermaid)", re.IGNORECASE
)
_SHOWN = {"<": "&lt;", "/": "&#47;", "]": r"\]", ".": r"\."}
# Unicode's word joiner: it is invisible and allows no line break.
_JOINER = "&#8288;"


def to_markdown(exchanges: Sequence[Exchange]) -> str:
    """Return every question with its answer and its citations. Quotes stay text, and answers keep their Markdown.

    No reader of Markdown finds HTML, an image or a link in it, whatever a document or a model says.
    """
    return "\n\n".join(_exchange(one) for one in exchanges) + "\n" if exchanges else ""


def _exchange(exchange: Exchange) -> str:
    parts = [f"## {_as_text(exchange.question)}"]
    if exchange.text:
        parts.append(_inert(exchange.text.strip()))
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
    line = _ACTS.sub(r"\\\g<0>", escape(" ".join(text.split()), quote=False))
    return _inert(_BEGINS.sub(r"\1\\\2", line))


def _inert(markdown: str) -> str:
    """Return Markdown without HTML, images and links; emphasis, lists and code stay.

    In code, what would act elsewhere is shown as it is written here (`&lt;`).
    """
    return _ACTIVE.sub(_shown, markdown)


def _shown(match: re.Match[str]) -> str:
    """Return what shows the match and does nothing. A backslash before it would undo that, so it is left out."""
    backslashes, active = match.groups()
    kept = backslashes[: len(backslashes) // 2 * 2]
    return kept + _SHOWN.get(active, _JOINER + active)
