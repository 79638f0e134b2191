"""Telling text from garbage: a PDF may hold letters that are not those that it shows."""

from __future__ import annotations

import re

from .clean import is_garbled

LEAST_WORDLIKE = 0.6
"""Text of which a smaller share is words and numbers is garbage. The pages of the sample register have
0.94 to 1, tables among them; with every letter shifted by 29, as fonts without names for their letters have it,
they have 0.03 to 0.32. Letters exchanged for others one by one may pass."""

_LEAST_LETTERS = 80  # fewer say nothing
_PUNCTUATION = frozenset(".,;:!?'\"()[]-–—/…’‘“”„«»·•|%&*+=<>$€£@#_§°")
_RUN = re.compile(r"[^\W_]+")
_VOWELS = re.compile(r"[aeiouyàáâãäåæèéêëìíîïòóôõöøœùúûüýÿąęěőűůāēīōū]", re.IGNORECASE)
_LATIN = re.compile(r"[a-zÀ-ɏ]", re.IGNORECASE)
_MANY_CONSONANTS = re.compile(r"[bcdfghjklmnpqrstvwxz]{5}", re.IGNORECASE)
_ODD_CASE = re.compile(r"[a-z][A-Z]+[a-z]")
_SHORT = 2


def is_garbage(text: str) -> bool:
    """Return whether text is none that a person could read: unknown signs, or letters that form no words."""
    return is_garbled(text) or (_letters(text) >= _LEAST_LETTERS and wordlike_share(text) < LEAST_WORDLIKE)


def wordlike_share(text: str) -> float:
    """Return the share of the characters of a text, without white space and punctuation, that are in numbers or in
    words that could be words: with vowels in them, neither too few nor too many, and not five consonants in a row.

    Words in other scripts than Latin are taken for words.
    """
    visible = sum(not sign.isspace() and sign not in _PUNCTUATION for sign in text)
    words = sum(len(word) for word in _RUN.findall(text) if _could_be_word(word))
    return words / visible if visible else 1.0


def _letters(text: str) -> int:
    return sum(not sign.isspace() and not sign.isdecimal() and sign not in _PUNCTUATION for sign in text)


def _could_be_word(word: str) -> bool:
    if not _LATIN.search(word):
        return True
    if any(sign.isdecimal() for sign in word):
        return False
    vowels = len(_VOWELS.findall(word))
    if len(word) <= _SHORT:
        return vowels > 0 or len(word) == 1
    share = vowels / len(word)
    return 0.2 <= share <= 0.8 and not _MANY_CONSONANTS.search(word) and not _ODD_CASE.search(word)
