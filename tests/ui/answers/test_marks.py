"""Marks in an answer: they stand where they should, and nothing of the model's text becomes one."""

from __future__ import annotations

import re

import pytest
from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from wholedoc import Answer, Citation, Timings, Usage
from wholedoc.answering.sources import sentence_sources
from wholedoc.answering.unsupported import unsupported
from wholedoc_ui import views
from wholedoc_ui.answers.markdown import JOINER, inert
from wholedoc_ui.answers.marks import WORDS, marked

from .test_inert_markdown import ACTIVE, ADDRESSES, MARKUP, active

QUOTES = ("The master paid 4,275 crowns at Lantern Quay.", "A yacht announces herself on channel 12.")
MARKDOWN = MarkdownIt("commonmark", {"html": True, "breaks": True}).enable(["table", "strikethrough"])
UNSUPPORTED = views.unsupported(WORDS).partition(WORDS)[0]
OWN = re.compile(
    rf'{re.escape(UNSUPPORTED)}|</u>| <button class="wd-source(?: wd-further)?" [^>]*>&#91;\d+&#93;</button>'
    r'| <button class="wd-more-sources">\d+ more</button>'
)


def answer(text: str, *quotes: str) -> Answer:
    citations = tuple(Citation("d1", "a.pdf", 1, "1", quote, 1.0) for quote in quotes or QUOTES)
    usage, timings = Usage(10, 0, 5, 3, 4), Timings(0.1, 0.2, 0.3)
    found = unsupported(text, citations, ""), sentence_sources(text, citations)
    return Answer("?", text, True, (), citations, (), usage, timings, False, None, *found)


def shown(text: str, exchange: int = 0) -> BeautifulSoup:
    """Return what a browser would make of an answer."""
    return BeautifulSoup(MARKDOWN.render(marked(answer(text), exchange)), "html.parser")


def words(text: str) -> list[str]:
    return [one.get_text() for one in shown(text).select("u.wd-unsupported")]


def numbers(text: str) -> list[str]:
    return [str(one["value"]) for one in shown(text).select("button.wd-source")]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("The master paid 4,275 crowns.", []),
        ("The master paid 4,725 crowns.", ["4,725"]),
        ("On **3 May** 1893 at Lantern Quay, by Ahab. Ahab!", ["3", "May", "1893", "Ahab", "Ahab"]),
        ("1. The master\n2. paid 99 crowns\n    - at 98 places", ["99", "98"]),
        ("`99` and ``98 ` 97`` and 96", ["96"]),
        ("```\n99\n```\n96", ["96"]),
        ("```\n99\n96", []),
        ("> ~~~\n> 99\n> ~~~\n\n96", ["96"]),
        ("Paid:\n\n    99\n\n96", ["96"]),
        ("| a | 99 |\n|---|---|\n| b | 98 |", ["99", "98"]),
        ("A backtick ` and 99.", ["99"]),
    ],
)
def test_what_nothing_supports_is_marked_once_and_never_in_code(text: str, wanted: list[str]) -> None:
    assert words(text) == wanted
    assert "wd-unsupported" not in shown(text).get_text()  # no mark is shown as the text that it is written in


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("The master paid 4,275 crowns. A yacht uses channel 12.", ["3:0", "3:1"]),
        ("- A yacht uses channel 12\n- nothing else is known of her", ["3:1"]),
        ("Nothing is known of her.", []),
        ("```\nA yacht uses channel 12.\n```", []),
        ("```\nA yacht uses channel 12.", []),
        ("It is:\n\n    a yacht uses channel 12", []),
        ("| A yacht | uses channel 12 |\n|---|---|\n| x | y |", []),
    ],
)
def test_a_number_behind_a_sentence_knows_its_citation(text: str, wanted: list[str]) -> None:
    page = shown(text, 3)
    assert [str(one["value"]) for one in page.select("button.wd-source")] == wanted
    assert "wd-source" not in page.get_text()


def test_a_number_stands_behind_its_sentence() -> None:
    assert shown("The master paid 4,275 crowns. A yacht came.").get_text().strip() == (
        "The master paid 4,275 crowns. [1] A yacht came."
    )


def test_a_number_knows_its_quote_and_its_page() -> None:
    button = BeautifulSoup(
        MARKDOWN.render(marked(answer("The master paid 4,275 crowns."), 0)), "html.parser"
    ).button
    assert button is not None
    assert (button["title"], button["name"]) == (QUOTES[0], "p. 1")


def test_three_citations_are_shown_behind_a_sentence_and_the_others_on_request() -> None:
    text = "The master paid 4,275 crowns at Lantern Quay."
    page = BeautifulSoup(MARKDOWN.render(marked(answer(text, *[QUOTES[0]] * 5), 0)), "html.parser")
    assert [one["value"] for one in page.select(".wd-source:not(.wd-further)")] == ["0:0", "0:1", "0:2"]
    assert [one["value"] for one in page.select(".wd-further")] == ["0:3", "0:4"]
    assert [one.get_text() for one in page.select(".wd-more-sources")] == ["2 more"]


PAYLOADS = [
    f"{payload} 99 channel 12 yacht 4,275 {payload}"
    for payload in (
        *ACTIVE,
        *ADDRESSES,
        '<u class="wd-unsupported" title="x" onmouseover="alert(1)">99</u>',
        '<button class="wd-source" value="0:0" onclick="alert(1)">&#91;1&#93;</button>',
        '</u><script>alert(1)</script><u title="',
        "<99>",
        "<a href=99>",
        '"><img src=99 onerror=alert(1)>',
        "[1](javascript:99)",
        "[1]: javascript:99",
        "![99](99)",
        "99@99.com 99://99 www.99.com",
    )
]


@pytest.mark.parametrize("text", PAYLOADS)
def test_a_model_makes_no_mark_and_no_html_of_its_own(text: str) -> None:
    check_inert(text)


@examples(max_examples=500, deadline=None)
@given(st.lists(st.one_of(MARKUP, st.sampled_from(["99", " 98. ", "A yacht uses channel 12.", "4,275", "Ahab "]))))
def test_no_answer_makes_any_html_of_its_own(pieces: list[str]) -> None:
    check_inert("".join(pieces))


def check_inert(text: str) -> None:
    text = text.replace(JOINER, "")
    made = marked(answer(text), 0)
    assert OWN.sub("", made) == inert(text)  # the model's text is inert as it is without marks ...
    assert active(OWN.sub("", made)) == []
    elements = BeautifulSoup(MARKDOWN.render(made), "html.parser").find_all(True)
    assert {one.name for one in elements} <= MADE_OF_MARKDOWN  # ... and with them
    for one in elements:
        if one.name == "u":
            assert (one["class"], set(one.attrs)) == (["wd-unsupported"], {"class", "title"})
        elif one.name == "button":
            assert (one["class"], set(one.attrs)) == (["wd-source"], {"class", "value", "title", "name"})
        else:
            assert set(one.attrs) <= {"start", "class", "style"}


MADE_OF_MARKDOWN = frozenset(
    re.findall(
        r"\w+",
        "p br em strong s code pre ul ol li blockquote hr h1 h2 h3 h4 h5 h6 table thead tbody tr th td u button",
    )
)
