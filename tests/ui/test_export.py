"""A conversation as Markdown: questions, answers and citations, and what documents say stays text."""

from __future__ import annotations

from dataclasses import replace

import cmarkgfm
import pytest
from bs4 import BeautifulSoup, Tag
from cmarkgfm.cmark import Options
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

from wholedoc import Answer, Citation, Timings, Usage
from wholedoc.documents.document import place
from wholedoc_ui.export import to_markdown
from wholedoc_ui.session import Exchange

from .payloads import ALLOWED, PAYLOADS

MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
# Turns everything into a link that looks like one
LINKING = MarkdownIt("gfm-like", {"html": True, "linkify": True})
JOINER = "\u2060"
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
    *PAYLOADS,
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
    return "".join(child.content for child in inline.children).replace(JOINER, "")


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


def one_line(text: str) -> str:
    return " ".join(text.split())


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
    assert quotes(answered(replace(CITATION, quote=text))) == [(one_line(text), "— a report.pdf, p. 7")]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_file_name_is_text(text: str) -> None:
    assert [source for _, source in quotes(answered(replace(CITATION, document=text)))] == [
        f"— {one_line(text)}, p. 7"
    ]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_page_label_is_text(text: str) -> None:
    """Labels come from the PDF, too; one that is no page's number is cited as the name that it is."""
    assert [source for _, source in quotes(answered(replace(CITATION, page_label=text)))] == [
        f"— a report.pdf, {place(one_line(text))}"
    ]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_question_is_text(text: str) -> None:
    """Suggested questions contain titles from the document."""
    asked = f"What does “{text}” say?"
    heading = rendered(answered(CITATION, question=asked))[0]
    assert (heading.type, heading.tag) == ("heading", "h2")
    assert plain(heading) == one_line(asked)


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
    assert quotes(answered(replace(CITATION, quote=text))) == [(one_line(text), "— a report.pdf, p. 7")]


# Whatever a document or a model says: no HTML, no image, no link


def active(markdown: str) -> list[str]:
    """Return every element that three renderers make of it and that is not of plain text."""
    unsafe = Options.CMARK_OPT_UNSAFE
    pages = {
        "CommonMark": MARKDOWN.render(markdown),
        "all that looks like a link": LINKING.render(markdown),
        "GitHub": cmarkgfm.github_flavored_markdown_to_html(markdown, options=unsafe),
        "GitHub's footnotes": cmarkgfm.github_flavored_markdown_to_html(
            markdown, options=unsafe | Options.CMARK_OPT_FOOTNOTES
        ),
    }
    return [
        f"{name}: {element}"
        for name, page in pages.items()
        for element in BeautifulSoup(page, "html.parser").find_all(True)
        if element.name not in ALLOWED or {"language-mermaid", "mermaid"} & names(element)
    ]


def names(element: Tag) -> set[str]:
    """Return by what a code block is known as a diagram."""
    found = [*element.get_attribute_list("class"), *element.get_attribute_list("lang")]
    return {name.lower() for name in found if name}


def everywhere(text: str) -> Exchange:
    """Return an exchange that says the text in every place."""
    citation = replace(CITATION, quote=text, document=text, page_label=text)
    return replace(answered(citation, text=text, question=text), status=text)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_the_payloads_would_act(payload: str) -> None:
    assert active(payload)


@pytest.mark.parametrize("before", ["", "\\", "\\\\", "text ", "- ", "> ", "1. ", "*", "`", "\n", "&lt;"])
@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_payload_acts(payload: str, before: str) -> None:
    assert active(to_markdown([everywhere(before + payload)])) == []


@examples(max_examples=300, deadline=None)
@given(st.lists(st.one_of(st.sampled_from(PIECES + PAYLOADS), st.text(max_size=3)), max_size=8).map("".join))
def test_nothing_acts(text: str) -> None:
    assert active(to_markdown([everywhere(text)])) == []


@pytest.mark.parametrize(
    "text",
    [
        "He wrote to anna@harbour.example, and www.harbour.example says so.",
        "See https://harbour.example/a?b=c or report.pdf; 3.5 < 4 & 4<5, e.g. at Lantern Quay.",
    ],
)
def test_what_is_made_inert_reads_as_before(text: str) -> None:
    assert parts(answered(text=text))[1:] == [("paragraph", text)]


def test_what_was_escaped_already_reads_as_before() -> None:
    text = r"\<b>, \\<b> and a\@b, [1\](x)"
    assert parts(answered(text=text))[1:] == [("paragraph", r"<b>, \<b> and a@b, [1](x)")]
