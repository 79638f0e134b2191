"""First questions that a person may ask, made from a document's own outline."""

from __future__ import annotations

from wholedoc import Document, Introduction

COUNT = 5
# Made from titles, fewer say as much.
BY_TITLE = 3
ANY_DOCUMENT = (
    "What is this document about?",
    "Who are the people or organisations in it?",
    "Which dates and amounts does it name?",
)
# Titles that say nothing about a document, and the lengths of titles that are worth asking about.
SAYS_NOTHING = frozenset({"contents", "table of contents", "index", "cover", "title page", "preface", "foreword"})
LETTERS = range(4, 80)
FORMS = ("What does “{}” say?", "What are the main points of “{}”?", "Which details does “{}” give?")


def suggest(document: Document, introduction: Introduction | None = None) -> tuple[str, ...]:
    """Return up to COUNT questions: those of the document's introduction, which it is known to answer.

    Without them, about sections all over the document if it has an outline, general ones otherwise.
    """
    if introduction is not None and introduction.questions:
        return introduction.questions[:COUNT]
    titles = _titles(document)
    if len(titles) < BY_TITLE:
        asked = [form.format(title) for form, title in zip(FORMS, titles, strict=False)]
        return tuple([*asked, *ANY_DOCUMENT][:BY_TITLE])
    # One of the middle of each third, as the first sections are introductions and the last are appendices.
    chosen = [titles[len(titles) * (2 * third + 1) // (2 * BY_TITLE)] for third in range(BY_TITLE)]
    return tuple(form.format(title) for form, title in zip(FORMS, chosen, strict=True))


def _titles(document: Document) -> list[str]:
    """Return titles worth asking about, down to the highest level of the outline that gives enough of them."""
    entries = [(one.level, " ".join(one.title.split())) for one in document.outline]
    worth = [(level, title) for level, title in entries if _worth_asking(title)]
    for level in sorted({level for level, _ in worth}):
        titles = list(dict.fromkeys(title for its_level, title in worth if its_level <= level))
        if len(titles) >= BY_TITLE:
            return titles
    return list(dict.fromkeys(title for _, title in worth))


def _worth_asking(title: str) -> bool:
    has_words = any(character.isalpha() for character in title)
    return has_words and len(title) in LETTERS and title.lower() not in SAYS_NOTHING
