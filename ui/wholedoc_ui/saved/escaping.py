"""Text in Markdown that is saved: no reader of Markdown finds HTML, an image or a link in it."""

from __future__ import annotations

import re
from html import escape

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


def as_text(text: str) -> str:
    """Return the text on one line, with everything escaped that Markdown would act upon."""
    line = _ACTS.sub(r"\\\g<0>", escape(" ".join(text.split()), quote=False))
    return inert(_BEGINS.sub(r"\1\\\2", line))


def inert(markdown: str) -> str:
    """Return Markdown without HTML, images and links; emphasis, lists and code stay.

    In code, what would act elsewhere is shown as it is written here (`&lt;`).
    """
    return _ACTIVE.sub(_shown, markdown)


def _shown(match: re.Match[str]) -> str:
    """Return what shows the match and does nothing. A backslash before it would undo that, so it is left out."""
    backslashes, active = match.groups()
    kept = backslashes[: len(backslashes) // 2 * 2]
    return kept + _SHOWN.get(active, _JOINER + active)
