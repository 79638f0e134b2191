"""What tests of views show: documents, citations, figures, and hostile texts in their place."""

from __future__ import annotations

from pathlib import Path

from bs4 import BeautifulSoup, Tag

from wholedoc import (
    Citation,
    DocumentInfo,
    Item,
    Planned,
    Reading,
    ScoredChunk,
)
from wholedoc_ui import views
from wholedoc_ui.cost import Cost

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "{{x}} ${x} `${x}` {% x %}",
    "`code` ``more``",
    "</span></p></li></mark><b>",
    "&lt;b&gt; &amp; &#60;i&#62; &",
    "<!-- --> ]]> <![CDATA[ <?x",
]
PLAIN = "PLAIN WORDS OF A NAME"  # a harmless text in the place of the hostile ones, which are names and no numbers
TEMPLATES = sorted((Path(views.__file__).parent / "templates").iterdir())

PLANNED = Planned("d1", "a.pdf", 5000, 0, 12_000_000, 160.0, 90_000)
READING = Reading("d1", "a.pdf", 1234, 5000, 0, 321.4, 75.0)
INFO = DocumentInfo("d1", "a.pdf", 12, 5000, 12_000_000, 1.0, ("a model",), ())
COST = Cost(0, 5000, 5000, 800, 21, 1.04, 3.0, 2_500_000_000, "cpu", parts=69, parts_asked=2)


def chunk(
    gain: float = 0.3, *, id: str = "d1", first: int = 1, tokens: int = 100, kept: bool = False
) -> ScoredChunk:
    return ScoredChunk(id, (first, first + 1), tokens, 2.0, gain, kept)


def citation(quote: str = "Some words.", *, id: str = "d1", name: str = "a.pdf", label: str = "7") -> Citation:
    return Citation(id, name, 1, label, quote, 0.5)


def parsed(source: str) -> BeautifulSoup:
    return BeautifulSoup(source, "html.parser")


def skeleton(source: str) -> list[object]:
    """Return what a parser finds in a page, in order: elements with their attributes, texts and comments."""
    found: list[object] = []
    for node in parsed(source).descendants:
        if isinstance(node, Tag):
            found.append((node.name, {name: str(value) for name, value in node.attrs.items()}))
        else:
            found.append((type(node), str(node)))
    return found


def put_in(text: str, skeleton: object) -> object:
    """Return a skeleton with `text` in the place of PLAIN."""
    if isinstance(skeleton, str):
        return skeleton.replace(PLAIN, text)
    if isinstance(skeleton, dict):
        return {name: put_in(text, value) for name, value in skeleton.items()}
    if isinstance(skeleton, list | tuple):
        return type(skeleton)(put_in(text, value) for value in skeleton)
    return skeleton


def item(text: str = "Grey Heron", *, id: str = "d1", name: str = "a.pdf", quote: str = "Some words.") -> Item:
    return Item(text, id, name, 1, "7", quote, verified=True)
