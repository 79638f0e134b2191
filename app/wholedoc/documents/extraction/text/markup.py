"""Parsing the markup of a web page into a tree, in time that grows with the page's length."""

from __future__ import annotations

import html
import re
import warnings

from bs4 import BeautifulSoup
from bs4.builder._lxml import LXMLTreeBuilder

from ....errors import ExtractionLimitError

_PIECE_CHARACTERS = 1 << 13
_MOST_OPEN = 200_000
# The parser looks through all open elements for each end tag that fits none of them. The most that is allowed takes
# about three seconds. A page of 20 MB with 500,000 end tags, each 50 elements deep, needs 25 million.
_MOST_STEPS = 1_000_000_000
# Where CDATA begins, and where what may hold its characters without being CDATA. In XHTML, a script without
# content ends with "/>". A comment may end within its own beginning: "<!-->" is a whole one.
_OPENING = re.compile(
    r"(?P<cdata><!\[CDATA\[)|(?P<comment><!(?=--))|<(?:script|style)\b[^<>]*/>|<(?:(?P<script>script)|(?P<style>style))\b",
    re.IGNORECASE,
)
_ENDS = {
    name: re.compile(end, re.IGNORECASE)
    for name, end in (("cdata", "]]>"), ("comment", "-->"), ("script", "</script"), ("style", "</style"))
}


def parse_markup(source: str, name: str) -> BeautifulSoup:
    """Parse the page `source` of the file `name`.

    Raises `ExtractionLimitError` for a page that leaves so many elements open that it takes too long.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # bs4 warns about XML and about text that looks like a file name
        return BeautifulSoup(_cdata_as_text(source), builder=_BoundedBuilder(name))


class _BoundedBuilder(LXMLTreeBuilder):
    """Parses with lxml, since html.parser takes minutes for a page of "<!--", and counts the parser's steps."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name

    def feed(self, markup: str | bytes) -> None:
        assert isinstance(markup, str)
        assert self.soup is not None
        self.parser = self.parser_for(None)
        steps = 0
        for start in range(0, max(len(markup), 1), _PIECE_CHARACTERS):
            piece = markup[start : start + _PIECE_CHARACTERS]
            self.parser.feed(piece)
            steps += piece.count("</") * len(self.soup.tagStack)
            if steps > _MOST_STEPS or len(self.soup.tagStack) > _MOST_OPEN:
                raise ExtractionLimitError(
                    f"{self._name} leaves {len(self.soup.tagStack):,} elements open inside one another, which takes"
                    " too long to read: open it in a browser and print it to a PDF file."
                )
        self.parser.close()


def _cdata_as_text(source: str) -> str:
    """Write CDATA sections, which only XHTML has, as the escaped text that they stand for.

    The HTML parser would take them as comments, as far as their first ">".
    """
    parts: list[str] = []
    copied = position = 0
    while opening := _OPENING.search(source, position):
        position = opening.end()
        if opening.lastgroup is None:
            continue
        end = _ENDS[opening.lastgroup].search(source, position)
        if end is None:
            break  # what has no end reaches to the end of the page, and is left as it is
        if opening["cdata"]:
            parts += source[copied : opening.start()], html.escape(source[position : end.start()])
            copied = end.end()
        position = end.end()
    return "".join((*parts, source[copied:]))
