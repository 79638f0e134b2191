"""Questions to begin with, made from a document's own outline."""

from __future__ import annotations

from wholedoc import Document

COUNT = 3
ANY_DOCUMENT = (
    "What is this document about?",
    "Who are the people or organisations in it?",
    "Which dates and amounts does it name?",
)
# Titles that every document has, and titles too short or long to ask about.
SAYS_NOTHING = frozenset({"contents", "table of contents", "index", "cover", "title page", "preface", "foreword"})
LETTERS = range(4, 80)
FORMS = ("What does “{}” say?", "What are the main points of “{}”?", "Which details does “{}” give?")


def suggest(document: Document) -> tuple[str, ...]:
    """Three questions, about sections spread over the whole document where it has an outline."""
    titles = _titles(document)
    if len(titles) < COUNT:
        asked = [form.format(title) for form, title in zip(FORMS, titles, strict=False)]
        return tuple([*asked, *ANY_DOCUMENT][:COUNT])
    # From the middle of each third: first sections are introductions, last ones appendices.
    chosen = [titles[len(titles) * (2 * third + 1) // (2 * COUNT)] for third in range(COUNT)]
    return tuple(form.format(title) for form, title in zip(FORMS, chosen, strict=True))


def _titles(document: Document) -> list[str]:
    """Titles worth asking about, of the highest level that has enough of them."""
    entries = [(one.level, " ".join(one.title.split())) for one in document.outline]
    worth = [(level, title) for level, title in entries if _worth_asking(title)]
    for level in sorted({level for level, _ in worth}):
        titles = list(dict.fromkeys(title for its_level, title in worth if its_level <= level))
        if len(titles) >= COUNT:
            return titles
    return list(dict.fromkeys(title for _, title in worth))


def _worth_asking(title: str) -> bool:
    has_words = any(character.isalpha() for character in title)
    return has_words and len(title) in LETTERS and title.lower() not in SAYS_NOTHING
