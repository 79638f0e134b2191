"""Text as its letters and digits alone: what stays the same however text was cleaned and its lines were broken."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True)
class Letters:
    """`text` in normal form; `origins[i]` is the index of the character that `text[i]` comes from."""

    text: str
    origins: tuple[int, ...]

    @classmethod
    def of(cls, characters: Iterable[str]) -> Letters:
        """Letters and digits of `characters`, of which each may be a string of any length."""
        pairs = [(letter, index) for index, character in enumerate(characters) for letter in normal_form(character)]
        return cls("".join(letter for letter, _ in pairs), tuple(index for _, index in pairs))

    def is_word_edge(self, position: int) -> bool:
        """Whether something other than a letter or digit, or nothing, stands before `text[position]`."""
        inside = 0 < position < len(self.text)
        return not inside or self.origins[position] - self.origins[position - 1] > 1

    def signs_before(self, position: int, characters: str) -> frozenset[str]:
        """What `characters`, from which these come, have between `text[position]` and the letter before it."""
        start = self.origins[position - 1] + 1 if position > 0 else 0
        stop = self.origins[position] if position < len(self.text) else len(characters)
        return frozenset(characters[start:stop])


@cache
def normal_form(character: str) -> str:
    """Lower case, ligatures spelled out, without accents: "ﬁ" is "fi" and "É" is "e". Empty for other signs."""
    plain = unicodedata.normalize("NFKD", character).casefold()
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKD", plain)))
