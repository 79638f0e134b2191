"""A page's text as people read it: the cells of tables apart, and footnotes behind all other text of the page."""

from __future__ import annotations

from collections.abc import Sequence

from .cells import bars
from .footnotes import footnotes
from .rows import BoxOf


def arranged(text: str, box: BoxOf) -> str:
    """Return a page's text with bars between the cells of tables, and its footnotes behind a blank line at its end.

    Where a column ends with a footnote, what goes on in the next column follows on what it continues. `box` tells
    where a character is.
    """
    changes, notes = bars(text, box), footnotes(text, box)
    if not notes:
        return _changed(text, changes, 0, len(text))
    kept, position = [], 0
    for start, stop in notes:
        kept.append((position, start))
        position = stop
    kept.append((position, len(text)))
    body = "\n".join(filter(None, (_changed(text, changes, *span).strip("\r\n") for span in kept)))
    return f"{body}\n\n" + "\n".join(_changed(text, changes, *span) for span in notes)


def _changed(text: str, changes: Sequence[tuple[int, int, str]], start: int, stop: int) -> str:
    """Return characters [start, stop) of a text, with the changes that lie in them."""
    pieces, position = [], start
    for first, last, new in changes:
        if first >= position and last <= stop:
            pieces += [text[position:first], new]
            position = last
    return "".join((*pieces, text[position:stop]))
