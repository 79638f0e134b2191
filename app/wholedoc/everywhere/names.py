"""Names beside an item: a small writer that finds the right sentence may take the wrong name out of it."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace

from .items import FoundItem

# Words with capitals that stand together, with small words between them: "Marquis of Trevose", "Ruddock and Sons".
NAME = re.compile(r"\b[A-Z][\w'’-]*(?:(?:\s+(?:and|of|de|von|van))?\s+[A-Z][\w'’-]*)*")
# A name has so many words at least.
WORDS = 2
# More names of one quote are not compared.
MOST = 4


def rivals(item: FoundItem, question: str, others: Collection[str]) -> list[FoundItem]:
    """Return the items that other names in the quote would make; none if the item is no name of several words.

    The question's own names are none, nor are those of `others`, which were found, too. A single word with a
    capital may only begin a sentence.
    """
    if not NAME.search(item.text) or len(item.text.split()) < WORDS:
        return []
    known = " | ".join([question, item.text, *others]).casefold()
    names = dict.fromkeys(" ".join(name.split()) for name in NAME.findall(item.quote))
    found = [one for one in names if len(one.split()) >= WORDS and not _is_known(one.casefold(), known, item)]
    return [replace(item, text=one) for one in found[:MOST]]


def _is_known(name: str, known: str, item: FoundItem) -> bool:
    return name in known or item.text.casefold() in name
