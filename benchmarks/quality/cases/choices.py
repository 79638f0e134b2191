"""Multiple choice: how the options are listed, and which answers are accepted."""

from __future__ import annotations

import re
from collections.abc import Sequence

# Matches "(B) words", "B. words", "B" and "ABD".
_LETTERED = re.compile(r"\(?([A-J]{1,8})(?:[).:]\s*(.*)|)$", re.DOTALL)
ASK = "\nAnswer with the letter alone."


def lettered(answer: str) -> tuple[str, ...]:
    """Return a right choice's letters, and its words if it has any; nothing if `answer` is not a choice."""
    match = _LETTERED.match(answer.strip())
    if match is None:
        return ()
    words = (match[2] or "").strip()
    return (match[1], words) if words else (match[1],)


def listed(options: Sequence[str]) -> str:
    """Return the options under their letters, each on a line of its own."""
    return "".join(f"\n({chr(ord('A') + index)}) {option}" for index, option in enumerate(options))


def accepted(options: Sequence[str], right: str) -> tuple[str, ...]:
    """Return the letter of the right option, and its words. Raises ValueError if it is not among the options."""
    return chr(ord("A") + list(options).index(right)), right
