"""Questions that a person may ask: first ones out of a document's outline, later ones near what was answered."""

from __future__ import annotations

from collections.abc import Sequence

from wholedoc import Answer, Document, Introduction
from wholedoc.documents.words import WordCounts

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
# A word of so many letters tells something; questions that share so many of them have the same subject.
TELLING = 4
SHARED = 2
AFTERWARDS = "What else does “{}” say?"
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


def suggest_next(
    document: Document, introduction: Introduction | None, answer: Answer, asked: Sequence[str]
) -> tuple[str, ...]:
    """Return up to BY_TITLE questions about the subject of an answer that cites this document; none that was asked.

    Those of the introduction that share words with question and answer come first, then the sections in which its
    citations stand, and the one behind them.
    """
    near = set(_words(f"{answer.question} {answer.text}"))
    known = introduction.questions if introduction else ()
    shared = {one: len(near & set(_words(one))) for one in known}
    related = sorted((one for one in known if shared[one] >= SHARED), key=lambda one: -shared[one])
    pages = [one.page for one in answer.citations if one.document_id == document.id]
    titles = _sections(document, pages)
    forms = [AFTERWARDS.format(title) for title in titles[:1]]
    forms += [FORMS[0].format(title) for title in titles[1:]]
    offered = dict.fromkeys([*related, *forms])
    before = {one.casefold() for one in asked}
    return tuple(one for one in offered if one.casefold() not in before)[:BY_TITLE]


def _sections(document: Document, pages: Sequence[int]) -> list[str]:
    """Return the titles of the sections in which pages (1-based) stand, and of the one behind the first."""
    entries = [one for one in document.outline if _worth_asking(" ".join(one.title.split()))]
    found: list[str] = []
    for number, page in enumerate(pages):
        last = next((index for index in reversed(range(len(entries))) if entries[index].page <= page), None)
        if last is None:
            continue
        behind = [last, last + 1] if number == 0 else [last]
        found += [" ".join(entries[index].title.split()) for index in behind if index < len(entries)]
    return list(dict.fromkeys(found))


def _words(text: str) -> list[str]:
    """Return the words of a text that tell something of its subject."""
    return [word for word in WordCounts.of(text).counts if len(word) >= TELLING]


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
    name = title.lower()
    has_words = any(character.isalpha() for character in title)
    return has_words and len(title) in LETTERS and name not in SAYS_NOTHING and not name.endswith(" index")
