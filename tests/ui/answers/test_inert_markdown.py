"""Markdown that cannot act: what documents and models say stays text in the conversation."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from wholedoc_ui.answers.markdown import JOINER, inert

MARKDOWN = MarkdownIt("commonmark", {"html": True, "breaks": True}).enable(["table", "strikethrough"])
# Addresses that GitHub's and Gradio's Markdown makes links of without any syntax around them.
AUTOLINK = re.compile(
    r"(?:https?|ftp)://|(?:^|[\s*_~(])www\.[a-z0-9-]|[\w.+-]+@[a-z0-9_-]+\.[a-z0-9]", re.IGNORECASE
)
SIGNS = (
    "```",
    "~~~",
    "![",
    "](",
    "]:",
    "][",
    "</",
    "<!--",
    "--",
    "//",
    "\n\n",
    "    ",
    "- ",
    "1. ",
    "&lt;",
    "&#60;",
)
WORDS = ("a", "x.com", "http", "HTTPS", "ftp", "www", "mermaid", "img", "script")
PIECES = [*"[]()!<>`\\&/\"'?*_#|=:. \n\t", *SIGNS, *WORDS]
MARKUP = st.lists(st.sampled_from(PIECES), max_size=14).map("".join)


def tokens(markdown: str) -> Iterator[Token]:
    for block in MARKDOWN.parse(markdown):
        yield block
        yield from block.children or []


def active(markdown: str) -> list[str]:
    """Return what in the rendered text would show an image, link somewhere, run HTML or draw a diagram."""
    found = []
    for token in tokens(markdown):
        if token.type in ("image", "link_open", "html_inline", "html_block"):
            found.append(token.type)
        if token.type == "fence" and token.info.split()[:1] == ["mermaid"]:
            found.append("mermaid")
        if token.type == "text" and AUTOLINK.search(token.content):
            found.append("autolink")
    return found


ACTIVE = [
    "![a](http://example.com/x.png)",
    "![a][b]\n\n[b]: http://example.com/x.png",
    "[a](http://example.com)",
    "[a](/x 'title')",
    "[a][b]\n\n[b]: /x",
    "[b]\n\n[b]: /x 'title'",
    "<http://example.com>",
    "<b>bold</b>",
    "<img src=x onerror=alert(1)>",
    "<!-- comment -->",
    "<?php ?>",
    "</p>",
    "<script>alert(1)</script>",
    "see http://example.com",
    "see HTTPS://example.com",
    "see ftp://example.com",
    "see www.example.com",
    "see (www.example.com)",
    "```mermaid\ngraph\n```",
    "``` mermaid\ngraph\n```",
    "~~~mermaid\ngraph\n~~~",
    "> - ```mermaid\n>   graph\n>   ```",
]
# Gradio's Markdown makes links of these, as a trial with its own script showed.
ADDRESSES = [
    "write to x@example.com",
    "mailto:x@example.com",
    "<x@example.com>",
    "<1@example.com>",
    "WWW.example.com",
    "Www.example.com",
]


@pytest.mark.parametrize("markdown", ACTIVE)
def test_markdown_does_nothing(markdown: str) -> None:
    assert active(markdown)
    assert active(inert(markdown)) == []


@pytest.mark.parametrize("markdown", ADDRESSES)
def test_addresses_are_no_links(markdown: str) -> None:
    assert active(markdown)
    assert active(inert(markdown)) == []


@examples(max_examples=500, deadline=None)
@given(MARKUP)
def test_no_markdown_does_anything(markdown: str) -> None:
    assert active(inert(markdown)) == []


@given(st.one_of(MARKUP, st.text()).map(lambda text: text.replace(JOINER, "")))
def test_taking_the_joiners_out_gives_the_text_back(markdown: str) -> None:
    assert inert(markdown).replace(JOINER, "") == markdown


@pytest.mark.parametrize(
    "markdown",
    [
        "**bold** and _emphasis_ and ~~gone~~",
        "# A title\n\nA paragraph\nof two lines.",
        "- one\n- two\n  - three\n\n1. first\n2. second",
        "`code` and `more`:\n\n```\nno = [language] < 3\n```",
        "```python\nif a < b: print(x[0])\n```",
        "> quoted\n\n---",
        "| a | b |\n|---|---|\n| 1 | 2 |",
        "3 < 4 and a > b! See [1], p. 7: 10:30 (or later).",
    ],
)
def test_emphasis_lists_and_code_stay(markdown: str) -> None:
    assert MARKDOWN.render(inert(markdown)).replace(JOINER, "") == MARKDOWN.render(markdown)
