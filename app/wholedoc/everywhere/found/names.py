"""Names beside an item: a small writer that finds the right sentence may take the wrong name out of it."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace

from ..headings import plain
from .items import FoundItem

# Words with capitals that stand together, with small words between them: "Marquis of Trevose", "Ruddock and Sons".
NAME = re.compile(r"\b[A-Z][\w'’-]*(?:(?:\s+(?:and|of|de|von|van))?\s+[A-Z][\w'’-]*)*")
# A name has so many words at least.
WORDS = 2
# More names of one quote are not compared.
MOST = 4
# What stands behind a word that only begins a longer name: "Harbour Court".
GOES_ON = r"(?=\s+[A-Z]\w)"
# So seldom may a word that is no name stand alone with a capital: where it begins a sentence or a title.
ALONE = 0.1


def rivals(item: FoundItem, question: str, others: Collection[str]) -> list[FoundItem]:
    """Return the items that other names in the quote would make; none if the item is no name of several words.

    The question's own names are none, nor are those of `others`, which were found, too. A single word with a
    capital may only begin a sentence.
    """
    if not NAME.search(item.text) or (len(item.text.split()) < WORDS and not item.is_fragment):
        return []
    known = " | ".join([question, item.text, *others]).casefold()
    names = dict.fromkeys(" ".join(name.split()) for name in NAME.findall(item.quote))
    found = [one for one in names if len(one.split()) >= WORDS and not _is_known(one.casefold(), known, item)]
    return [replace(item, text=one, is_fragment=False) for one in found[:MOST]]


def _is_known(name: str, known: str, item: FoundItem) -> bool:
    return name in known or (item.text.casefold() in name and not item.is_fragment)


def is_fragment(item: FoundItem) -> bool:
    """Return whether an item is a word that only begins longer names, as "Harbour" begins "Harbour Court", or that
    stands only in a title, as in "Lying in Harbour", where every word may have a capital.

    A small writer takes it out of a sentence that answers the question by another name, and says Yes to it when it
    is asked back. Where the quote has the word in small letters alone, the whole document decides. Several words of
    a title are a fragment only where nothing else is quoted.
    """
    word = item.text.strip()
    if item.place.in_title and (len(word.split()) == 1 or item.is_title_alone):
        return True
    if not re.fullmatch(r"[A-Z][\w'’-]*", word):
        return False
    titles = frozenset(plain(entry.title) for entry in item.part.document.outline)
    quote = _without(item.quote, titles)
    everywhere, goes_on = _count(quote, word), _count(quote, word, GOES_ON)
    if everywhere:
        return goes_on == everywhere
    text = _without(item.part.document.text, titles)
    goes_on = _count(text, word, GOES_ON)
    return goes_on > 0 and _count(text, word) - goes_on <= ALONE * goes_on


def _without(text: str, titles: Collection[str]) -> str:
    """Return a text without the lines that are a title."""
    return "\n".join(line for line in text.splitlines() if plain(line) not in titles) if titles else text


def _count(text: str, word: str, behind: str = "") -> int:
    return len(re.findall(rf"\b{re.escape(word)}\b{behind}", text))
