"""A model's Markdown, made harmless before the page renders it."""

from __future__ import annotations

import re
from collections.abc import Sequence

# Unicode's word joiner: it is invisible and allows no line break. Put into Markdown's syntax, it breaks the syntax.
JOINER = "\u2060"
_ACTIVE = re.compile(
    r"<(?=\S)|!(?=\[)|\](?=[(\[:])|:(?=//)|mailto:|(?<=www)\.|@(?=\w)|(?<=[`~])(?=\s*mermaid)", re.IGNORECASE
)


def js_pattern() -> str:
    """Return the places that would act as a pattern of JavaScript."""
    return f"/{_ACTIVE.pattern.replace('/', chr(92) + '/')}/gi"


def inert(text: str, marks: Sequence[tuple[int, str]] = ()) -> str:
    """Return Markdown that holds no HTML, shows no image and links nowhere; emphasis, lists and code stay.

    The result is `text` with a JOINER in every place that would act. The page takes them out of what is copied.
    `marks` are pieces of HTML of our own, each with the place in `text` where it is put in, as it is.
    """
    joiners = [(match.end(), JOINER) for match in _ACTIVE.finditer(text)]
    made, done = "", 0
    for place, piece in sorted([*joiners, *marks], key=lambda one: one[0]):
        made += text[done:place] + piece
        done = place
    return made + text[done:]
