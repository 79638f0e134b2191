"""The titles of a document's outline: where they stand on its pages, and what stands under them."""

from __future__ import annotations

import re

from ..documents.document import Document

# What stands in front of a title: "2.3.1", "A.4", "Chapter 7:", "IV."
NUMBER = re.compile(
    r"^(?:(?:chapter|part|section|appendix|article|annex)\s+)?(?:[A-Z]?\d{1,3}(?:\.\d{1,3})*|[A-Z](?:\.\d{1,3})+|[A-Z]|[IVX]+)"
    r"[.:)]?\s+(?=\S)",
    re.I,
)
# What stands between the titles of a place, outermost first.
UNDER = " › "


class Headings:
    """Where the titles of the outline stand: each at the line that says it, else at the top of its page."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._titles = [
            (entry.page - 1, _line_of(entry.title, document.pages[entry.page - 1].text), entry)
            for entry in document.outline
            if 0 < entry.page <= len(document.pages)
        ]

    def at(self, page: int, start: int) -> str:
        """Return the titles that a place on a page (0-based) stands under, outermost first."""
        titles: dict[int, str] = {}
        for on, begins, entry in self._titles:
            if (on, begins) <= (page, start):
                titles = {level: title for level, title in titles.items() if level < entry.level}
                titles[entry.level] = entry.title
        return UNDER.join(titles[level] for level in sorted(titles))

    def is_title(self, page: int, start: int, stop: int) -> bool:
        """Return whether characters [start, stop) of a page are a title and nothing else."""
        said = plain(self._document.pages[page].text[start:stop])
        return any((on, begins) == (page, start) and plain(one.title) == said for on, begins, one in self._titles)


def plain(title: str) -> str:
    """Return the letters and digits of a title without its number, in lower case."""
    return re.sub(r"\W+", "", NUMBER.sub("", title)).casefold()


def _line_of(title: str, text: str) -> int:
    """Return where the line begins that begins with a title, with or without its number; 0 if there is none."""
    wanted, position = plain(title), 0
    for line in text.splitlines(keepends=True):
        begun = text[position : position + 2 * len(title) + 30].lstrip()  # titles may be broken over lines
        if wanted and re.search(r"\w", line) and plain(begun).startswith(wanted):
            return position + len(line) - len(line.lstrip())
        position += len(line)
    return 0
