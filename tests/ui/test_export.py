"""A conversation as Markdown: questions, answers and citations, and what documents say stays text."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

from wholedoc import Answer, Citation, Timings, Usage
from wholedoc_ui.export import to_markdown
from wholedoc_ui.session import Exchange

MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
CITATION = Citation("d1", "a report.pdf", 12, "7", "The master paid 4,275 crowns.", 0.8)
HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "![image](http://example.com/x.png)",
    "[link](http://example.com) and [ref][1]",
    "[1]: http://example.com",
    "<http://example.com>",
    "*stars* and _lines_ and **both**",
    "~~gone~~",
    "`code` and ```more```",
    "# title",
    "> quoted",
    "- item",
    "+ item",
    "1. item",
    "1) item",
    "---",
    "| a | b |",
    "a \\* b \\",
    "&lt;b&gt; &amp; &copy; &#60;",
    "<!-- comment -->",
]


def answered(*citations: Citation, text: str = "He paid 4,275 crowns.", question: str = "How much?") -> Exchange:
    usage, timings = Usage(100, 100, 50, 5, 7), Timings(0.1, 0.2, 0.3)
    answer = Answer(question, text, bool(citations), (1, 2), citations, (), usage, timings)
    return Exchange(question, text, answer=answer)


def rendered(*exchanges: Exchange) -> list[SyntaxTreeNode]:
    return SyntaxTreeNode(MARKDOWN.parse(to_markdown(exchanges))).children


def plain(node: SyntaxTreeNode) -> str:
    """Return a paragraph's text. Anything else in it fails the test."""
    (inline,) = node.children
    assert {child.type for child in inline.children} <= {"text", "text_special"}
    return "".join(child.content for child in inline.children)


def parts(*exchanges: Exchange) -> list[tuple[str, ...]]:
    """Return the blocks of the rendered conversation, with the texts of their paragraphs."""
    return [
        (block.type, *map(plain, block.children if block.type == "blockquote" else [block]))
        for block in rendered(*exchanges)
    ]


def quotes(exchange: Exchange) -> list[tuple[str, str]]:
    """Return the quote and the source of every citation, as a person reads them."""
    found = []
    for block in rendered(exchange):
        if block.type == "blockquote":
            assert [child.type for child in block.children] == ["paragraph", "paragraph"]
            quote, source = map(plain, block.children)
            found.append((quote, source))
    return found


# The conversation


def test_a_conversation_is_headings_answers_and_quotes() -> None:
    other = replace(CITATION, page_label="iv", quote="Another one.")
    assert parts(answered(CITATION, other), answered(text="No.", question="And then?")) == [
        ("heading", "How much?"),
        ("paragraph", "He paid 4,275 crowns."),
        ("blockquote", "The master paid 4,275 crowns.", "— a report.pdf, p. 7"),
        ("blockquote", "Another one.", "— a report.pdf, p. iv"),
        ("heading", "And then?"),
        ("paragraph", "No."),
    ]


def test_the_file_ends_with_a_line_end_and_is_empty_without_a_conversation() -> None:
    assert to_markdown([]) == ""
    assert to_markdown([answered()]).endswith("crowns.\n")


def test_what_was_stopped_is_there_with_its_reason() -> None:
    text = to_markdown([Exchange("How much?", "He paid", "Stopped."), Exchange("And then?")])
    assert text == "## How much?\n\nHe paid\n\n*Stopped.*\n\n## And then?\n"


def test_a_question_of_several_lines_is_one_heading() -> None:
    assert parts(Exchange("How\nmuch\n\n# was it?")) == [("heading", "How much # was it?")]


def test_the_answer_keeps_its_markdown() -> None:
    blocks = rendered(answered(text="It was:\n\n- **one**\n- two\n"))
    assert [block.type for block in blocks] == ["heading", "paragraph", "bullet_list"]


# Quotes


@pytest.mark.parametrize("text", HOSTILE)
def test_a_quote_is_text(text: str) -> None:
    assert quotes(answered(replace(CITATION, quote=text))) == [(text, "— a report.pdf, p. 7")]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_file_name_is_text(text: str) -> None:
    assert [source for _, source in quotes(answered(replace(CITATION, document=text)))] == [f"— {text}, p. 7"]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_page_label_is_text(text: str) -> None:
    """Labels come from the PDF, too."""
    assert [source for _, source in quotes(answered(replace(CITATION, page_label=text)))] == [
        f"— a report.pdf, p. {text}"
    ]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_question_is_text(text: str) -> None:
    """Suggested questions contain titles from the document."""
    asked = f"What does “{text}” say?"
    heading = rendered(answered(CITATION, question=asked))[0]
    assert (heading.type, heading.tag) == ("heading", "h2")
    assert plain(heading) == asked


def test_a_quote_of_several_lines_is_one_paragraph() -> None:
    text = "It says:\n\n# no title\n\n    no code\n- no list\n```\nno fence"
    (only,) = quotes(answered(replace(CITATION, quote=text)))
    assert only[0] == "It says: # no title no code - no list ``` no fence"


PIECES = [
    *"[]()!<>`~*_#|\\&;:/=+-.0 1a\n",
    "<b>",
    "](",
    "&lt;",
    "&#60;",
    "---",
    "```",
    "~~",
    "- ",
    "1. ",
    "http://",
]


@examples(max_examples=200)
@given(st.lists(st.sampled_from(PIECES), max_size=12).map(lambda pieces: f"{''.join(pieces)}.".strip()))
def test_every_quote_is_text(text: str) -> None:
    assert quotes(answered(replace(CITATION, quote=text))) == [(" ".join(text.split()), "— a report.pdf, p. 7")]
