"""A model's Markdown, made harmless before the page renders it."""

from __future__ import annotations

import re

# Unicode's word joiner: it is invisible and allows no line break. Put into Markdown's syntax, it breaks the syntax.
JOINER = "\u2060"
_ACTIVE = re.compile(
    r"<(?=\S)|!(?=\[)|\](?=[(\[:])|:(?=//)|mailto:|(?<=www)\.|@(?=\w)|(?<=[`~])(?=\s*mermaid)", re.IGNORECASE
)


def inert(text: str) -> str:
    """Return Markdown that holds no HTML, shows no image and links nowhere; emphasis, lists and code stay.

    The result is `text` with a JOINER in every place that would act. The page takes them out of what is copied.
    """
    return _ACTIVE.sub(lambda match: match.group() + JOINER, text)
