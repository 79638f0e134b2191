"""Joining words that were divided at line ends."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

_LETTER = r"[^\W\d_]"
# The look-behind keeps this linear: a match starts at the beginning of a word only.
_DIVIDED = re.compile(rf"(?<!{_LETTER})({_LETTER}+)-\n[ \t]*({_LETTER}+)(\S*)[ \t]*\n?")
_WORD = re.compile(rf"{_LETTER}+(?:-{_LETTER}+)*")
_SOFT_HYPHEN_AT_END = re.compile("\u00ad[ \t]*(?=\n)")
_PASSES = 3  # a narrow column may divide a word twice


def join_divided_words(pages: Iterable[str]) -> list[str]:
    """Join "infor-\\nmation" into "information\\n" on each page.

    A word keeps its hyphen ("well-known") where the document writes it with a hyphen more often than
    without one, and in chains ("state-of-the-\\nart"). Only a small letter after the line end is joined,
    so number ranges and names stay as they are. The line end moves behind the joined word.
    """
    texts = [_SOFT_HYPHEN_AT_END.sub("-", page).replace("\u00ad", "") for page in pages]
    for _ in range(_PASSES):
        divided = [index for index, text in enumerate(texts) if _DIVIDED.search(text)]
        if not divided:
            break
        counts = _count_spellings(texts)
        for index in divided:
            texts[index] = _join(texts[index], counts)
    return texts


def _count_spellings(texts: list[str]) -> Counter[str]:
    """Count how often the document writes each divided word as one word, and how often with a hyphen."""
    wanted = set[str]()
    for text in texts:
        for head, tail, _ in _DIVIDED.findall(text):
            wanted.update(((head + tail).casefold(), f"{head}-{tail}".casefold()))
    words = (match[0].casefold() for text in texts for match in _WORD.finditer(text))
    return Counter(word for word in words if word in wanted)


def _join(text: str, counts: Counter[str]) -> str:
    def replace(match: re.Match[str]) -> str:
        head, tail, rest = match.groups()
        if not tail[0].islower():
            return match[0]
        hyphenated, joined = f"{head}-{tail}", head + tail
        seen_hyphenated, seen_joined = counts[hyphenated.casefold()], counts[joined.casefold()]
        in_chain = text[match.start() - 1 : match.start()] == "-" and not seen_joined
        keep = in_chain or seen_hyphenated > seen_joined
        return f"{hyphenated if keep else joined}{rest}\n"

    return _DIVIDED.sub(replace, text)
