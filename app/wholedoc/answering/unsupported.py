"""Numbers and names of an answer that nothing supports: they stand neither in its citations nor in the question."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence

from ..answer import Citation
from ..documents.number_words import IN_DIGITS, LARGE

# A word or a number. Separators within a number, and hyphens and apostrophes within a word, belong to it.
WORD = re.compile(r"\w+(?:[.,:'’/-]\w+)*")
# A word that is a number as a whole.
NUMBER = re.compile(r"[\d.,]+")
# After one of these a sentence begins, and its first word is capitalised whatever it is.
SENTENCE_END = ".!?:\n"
# The number of a list's item in Markdown.
ITEM = re.compile(r"^[ \t]*(\d{1,3})[.)][ \t]", re.MULTILINE)


def unsupported(answer: str, citations: Sequence[Citation], question: str) -> tuple[str, ...]:
    """Return the numbers and names of an answer that no citation and not the question contains, in its order.

    A name is a capitalised word that does not begin a sentence. Numbers are compared in digits and without
    separators, so "4275" is supported by "4,275" and "7" by "seven". Each is listed once.
    """
    known = _said([question, *(one.quote for one in citations)])
    claimed = [match[0] for match in WORD.finditer(answer) if claims(answer, match)]
    return tuple(dict.fromkeys(word for word in claimed if not {plain(part) for part in parts(word)} <= known))


def makes_up_numbers(answer: str, sources: Iterable[str]) -> bool:
    """Return whether an answer has numbers, and none of them stands in any of the texts that it was written from.

    Such an answer is invented, since a writer copies what a text says in numbers. Those within a word are left out,
    and it is False where the texts may have a number in words that are not known here.
    """
    numbers = {plain(word) for word in WORD.findall(answer) if NUMBER.fullmatch(word)}
    return bool(numbers) and not (numbers | LARGE) & _said(sources)


def _said(texts: Iterable[str]) -> set[str]:
    return {plain(part) for text in texts for part in parts(text)}


def places(answer: str, words: Collection[str]) -> list[tuple[int, int]]:
    """Return the spans of these words in an answer, without the numbers of a list's items."""
    found = [match for match in WORD.finditer(answer) if match[0] in words]
    return [match.span() for match in found if not match[0].isdigit() or not _numbers_an_item(answer, match)]


def claims(text: str, match: re.Match[str]) -> bool:
    """Return whether a word states something that can be checked: it has a digit, or is a name.

    The number of a list's item states nothing.
    """
    word = match[0]
    if any(sign.isdigit() for sign in word):
        return not _numbers_an_item(text, match)
    before = text[: match.start()].rstrip(" \t\"'“‘(*_")
    return word[0].isupper() and bool(before) and before[-1] not in SENTENCE_END


def _numbers_an_item(text: str, match: re.Match[str]) -> bool:
    """Return whether a number opens its line, and another line is opened by the one before or after it."""
    items = {int(one[1]) for one in ITEM.finditer(text)}
    opens = any(one.span(1) == match.span() for one in ITEM.finditer(text))
    return opens and bool({int(match[0]) - 1, int(match[0]) + 1} & items)


def parts(text: str) -> list[str]:
    """Return the words of a text. What a hyphen or a slash joins counts as several words; numbers stay whole."""
    found: list[str] = []
    for word in WORD.findall(text):
        is_number = any(sign.isdigit() for sign in word) or word.casefold() in IN_DIGITS
        found += [word] if is_number else re.split(r"[-/]", word)
    return found


def plain(word: str) -> str:
    """Return a word in one case, a number in digits without separators, a name without the 's of its owner."""
    lower = word.casefold()
    if lower[0].isdigit():
        return re.sub(r"[.,]", "", lower)
    return IN_DIGITS.get(lower) or re.sub(r"['’]s$", "", lower)
