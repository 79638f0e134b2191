"""Multiple choice: how it is asked, and what is accepted."""

from __future__ import annotations

import re
from collections.abc import Sequence

# "(B) words", "B. words", "B", "ABD"
_LETTERED = re.compile(r"\(?([A-J]{1,8})(?:[).:]\s*(.*)|)$", re.DOTALL)
ASK = "\nAnswer with the letter alone."


def lettered(answer: str) -> tuple[str, ...]:
    """The letters of a right choice and its words, where they are told; nothing if it is no choice."""
    match = _LETTERED.match(answer.strip())
    if match is None:
        return ()
    words = (match[2] or "").strip()
    return (match[1], words) if words else (match[1],)


def listed(options: Sequence[str]) -> str:
    """Options under their letters, a line each."""
    return "".join(f"\n({chr(ord('A') + index)}) {option}" for index, option in enumerate(options))


def accepted(options: Sequence[str], right: str) -> tuple[str, ...]:
    """The letter of the right option, and its words. Raises ValueError if it is none of them."""
    return chr(ord("A") + list(options).index(right)), right
