"""Which page of a document is to be recognised, and where it is: in the file, or in a file that lies in it."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Scan:
    """Page `page` (0-based) of a document is page `page_in_file` of a file.

    `inside` leads to that file where it lies in archives or messages: its number (0-based) in the outermost one,
    and so on inwards. It is empty where the file itself is the document.
    """

    page: int
    page_in_file: int
    inside: tuple[int, ...] = ()

    def within(self, number: int, pages_before: int) -> Scan:
        """Return the same page as one of an archive or message, in which its file has a number and so many pages
        stand before its own.
        """
        return replace(self, page=self.page + pages_before, inside=(number, *self.inside))


def scans_of(pages: list[int]) -> tuple[Scan, ...]:
    """Return the scans of a file whose pages (0-based) are the document's."""
    return tuple(Scan(page, page) for page in pages)
