"""Text reduced to its letters and digits, which stay the same however it was cleaned and its lines broken."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True)
class Letters:
    """The `text` in normal form. `origins[i]` is the index of the character that `text[i]` comes from."""

    text: str
    origins: tuple[int, ...]

    @classmethod
    def of(cls, characters: Iterable[str]) -> Letters:
        """Reduce `characters` to letters and digits. Each of them may be a string of any length."""
        pairs = [(letter, index) for index, character in enumerate(characters) for letter in normal_form(character)]
        return cls("".join(letter for letter, _ in pairs), tuple(index for _, index in pairs))

    def is_word_edge(self, position: int) -> bool:
        """Return whether a word may begin or end here: no letter or digit stands just before `text[position]`."""
        inside = 0 < position < len(self.text)
        return not inside or self.origins[position] - self.origins[position - 1] > 1

    def signs_before(self, position: int, characters: str) -> frozenset[str]:
        """Return what stands between `text[position]` and the letter before it in the original `characters`."""
        start = self.origins[position - 1] + 1 if position > 0 else 0
        stop = self.origins[position] if position < len(self.text) else len(characters)
        return frozenset(characters[start:stop])


@cache
def normal_form(character: str) -> str:
    """Return a letter or digit in lower case, with ligatures spelled out and without accents ("ﬁ" is "fi").

    Returns an empty string for any other character.
    """
    plain = unicodedata.normalize("NFKD", character).casefold()
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKD", plain)))
