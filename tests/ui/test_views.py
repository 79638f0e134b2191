"""HTML of the page: what comes from a document, a file name or a model stays text; figures and strips are right."""

from __future__ import annotations

import html
import inspect
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields, replace
from functools import cache
from pathlib import Path
from time import mktime

import pytest
from bs4 import BeautifulSoup, NavigableString, Tag
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from jinja2 import UndefinedError
from markdown_it import MarkdownIt
from markdown_it.token import Token

from wholedoc import (
    AskedDocument,
    Citation,
    DocumentInfo,
    Expected,
    Introduction,
    Item,
    Kind,
    Planned,
    Reading,
    ScoredChunk,
)
from wholedoc.answer import SummarySection, SummarySentence
from wholedoc.models.catalogue import QWEN_CODER_05B, Role
from wholedoc.models.inventory import ModelHere
from wholedoc.models.preparing import Preparing, Step
from wholedoc.settings import Answerer
from wholedoc.storage.conversations import ConversationHead
from wholedoc_ui import found_views, views
from wholedoc_ui.answers.markdown import JOINER, inert
from wholedoc_ui.app_state import ModelState, Phase
from wholedoc_ui.arrivals import Arrival, Stage
from wholedoc_ui.cost import Cost
from wholedoc_ui.evidence import RemovedPage
from wholedoc_ui.figures import duration, when
from wholedoc_ui.introducing import Introducing
from wholedoc_ui.models.fetching import Fetch, FetchPhase
from wholedoc_ui.models.offers import Offer, Offers
from wholedoc_ui.models.wanted import Wanted
from wholedoc_ui.session import Evidence, PageView
from wholedoc_ui.shelf import Row
from wholedoc_ui.templating import esc, render

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


# Every function of views.py that takes texts, called with `text` for each of them.


def status_lines(text: str) -> Iterator[str]:
    for phase in Phase:
        yield views.status_line(ModelState(phase, text))
        yield views.status_line(ModelState(phase, text, replace(READING, document_id=text, document=text)))


def shelves(text: str) -> Iterator[str]:
    for warm in (0.0, 0.5, 1.0):
        info = replace(INFO, id=text, name=text, warm=warm, models=(text,), warnings=(text, text))
        yield views.shelf([Row(info, selected, busy) for selected in (True, False) for busy in (True, False)])


def arrivals(text: str) -> Iterator[str]:
    planned = replace(PLANNED, document_id=text, document=text)
    reading = replace(READING, document_id=text, document=text)
    for stage in Stage:
        one = Arrival(text, stage, text, planned, reading, 3, (text,), text, key=7)
        for elsewhere in (True, False):
            yield views.arrivals([(one, elsewhere), (Arrival(text, stage, text, key=8), elsewhere)])


def citation_lists(text: str) -> Iterator[str]:
    one = citation(text, name=text, label=text)
    yield views.citations(Evidence((chunk(),), (one,), True), 0, (text, text), frozenset({"d1"}))
    for nothing in (
        Evidence((chunk(),), (), False),
        Evidence((chunk(),), (one,), False),
        Evidence((), (), False, (), ("d1",)),
    ):
        yield views.citations(nothing, None, (text,))
    yield views.citations(Evidence((chunk(), chunk(id="d2")), (one, replace(one, document_id="d2")), True), 1)


def pages(text: str) -> Iterator[str]:
    yield views.opens(PageView(text, 1, text), [1, 2])
    yield views.opens(RemovedPage(text))


def conversation_lists(text: str) -> Iterator[str]:
    head = ConversationHead(text, text, (AskedDocument(text, text), AskedDocument("d2", text)), 2, 100.0)
    for open_id in (text, ""):
        yield views.conversations([head, replace(head, documents=())], open_id, 1, False, 200.0)


def questions_asked(text: str) -> Iterator[str]:
    yield views.asked_as(0, text)
    yield views.asked_of([text, text])
    for count in (1, 2):
        yield views.asked_documents([AskedDocument(text, text)] * count)


def strips(text: str) -> Iterator[str]:
    chunks = [chunk(kept=True), replace(chunk(), pages=(1, 1)), chunk(id="d2")]
    yield views.strip(chunks, {"d1": text, "d2": text}, {"d1": [text, text], "d2": [text]})


def fetches(text: str) -> Iterator[str]:
    for phase in FetchPhase:
        for step in Step:
            for progress in (Preparing(text, step, 1234, 5000, 75.0), None):
                yield views.fetch(Fetch(Wanted(Role.WRITER, text, text), phase, text, progress))


def model_lists(text: str) -> Iterator[str]:
    model = replace(QWEN_CODER_05B, name=text, expect=text)
    for here in (ModelHere(model, True, model.bytes, 10**9, 321.0), ModelHere(model, False, 5000, 10**9, None)):
        for has, comes_for in ((Role.READER, Role.WRITER), (Role.WRITER, Role.READER)):
            offer = Offer(here, tuple(Role), frozenset({has}), frozenset({comes_for}))
            yield views.models(Offers((offer, replace(offer, has=frozenset(), comes_for=frozenset())), None))


def item(text: str = "Grey Heron", *, id: str = "d1", name: str = "a.pdf", quote: str = "Some words.") -> Item:
    return Item(text, id, name, 1, "7", quote, verified=True)


def item_tables(text: str) -> Iterator[str]:
    one = replace(item(text, name=text, quote=text), page_label=text)
    for complete in (True, False):
        for kind in Kind:
            yield found_views.items(0, kind, [one, item(), replace(one, item="")], documents=2, complete=complete)


def summaries(text: str) -> Iterator[str]:
    one = SummarySection(text, "d1", text, (1, 2), (SummarySentence(text, (1, 2), (text, text)),))
    yield found_views.sections(0, [one])
    yield found_views.sections(0, [one, replace(one, document_id="d2")])


def introductions(text: str) -> Iterator[str]:
    section = SummarySection(text, "d1", text, (1, 2), (SummarySentence(text, (1,), (text,)),))
    known = Introduction(text, text, 2, text, (section, section), (text,))
    yield views.introduction(text, known, None, offered=True)
    yield views.introduction(text, replace(known, kind="", sections=()), None, offered=True)
    for state in (Introducing(), Introducing(1, 2), Introducing(1, 2, 3.0), Introducing(message=text), None):
        yield views.introduction(text, None, state, offered=True)


def found_strips(text: str) -> Iterator[str]:
    yield found_views.found_pages([item()], {"d1": text}, {"d1": [text, text]})
    yield found_views.found_pages([item(id=text)], {text: text, "d2": text}, {text: [text], "d2": [text, text]})


EVERYTHING = [
    item_tables,
    summaries,
    found_strips,
    introductions,
    status_lines,
    shelves,
    arrivals,
    citation_lists,
    pages,
    conversation_lists,
    questions_asked,
    strips,
    fetches,
    model_lists,
    lambda text: [views.told(text)],
    lambda text: [views.sends_to(text)],
    lambda text: [views.unsupported(text)],
    lambda text: [views.source(0, 1, citation(text, label=text), further=further) for further in (True, False)],
]


@cache
def plain_skeletons(make: Callable[[str], Iterable[str]]) -> list[list[object]]:
    return [skeleton(source) for source in make(PLAIN)]


def check_is_text(make: Callable[[str], Iterable[str]], text: str) -> None:
    for source, plain in zip(make(text), plain_skeletons(make), strict=True):
        assert skeleton(source) == put_in(text, plain)
        assert not set("{$`") & set(source)  # nothing that a template language would look at


@pytest.mark.parametrize("make", EVERYTHING)
@pytest.mark.parametrize("text", HOSTILE)
def test_every_text_comes_back_as_text(make: Callable[[str], Iterable[str]], text: str) -> None:
    assert any(PLAIN in source for source in make(PLAIN))
    check_is_text(make, text)


@examples(max_examples=50, deadline=None)
@given(st.text("<>\"'&`${}!-/=;#[]?abx19 ", min_size=1).map(lambda text: " ".join(f"~ {text} ~".split())))
def test_every_text_comes_back_as_text_whatever_it_is(text: str) -> None:
    for make in EVERYTHING:
        check_is_text(make, text)


@given(st.text())
def test_escaped_text_is_the_text(text: str) -> None:
    assert html.unescape(esc(text)) == text
    assert not set("<>\"'{$`") & set(esc(text))


def test_every_view_and_every_template_is_covered_here() -> None:
    """A function that is added to views.py or found_views.py is added to EVERYTHING too, and a template is shown
    by one of them.
    """
    made = {name for name, one in inspect.getmembers(views, inspect.isfunction) if one.__module__ == views.__name__}
    public = {name for name in made if not name.startswith("_")}
    tested = {"status_line", "told", "shelf", "arrivals", "citations", "opens", "viewer", "strip", "cost"}
    tested |= {"fetch", "models", "sends_to", "unsupported", "source", "asked_as", "asked_of", "conversations"}
    tested |= {
        "more_sources",
        "actions",
        "samples",
        "expected",
        "models_in_use",
        "asked_documents",
        "parts_of_page",
        "welcome",
        "introduction",
    }
    assert public == tested
    found = {"way", "items", "sections", "found_pages"}
    others = inspect.getmembers(found_views, inspect.isfunction)
    assert {name for name, one in others if one.__module__ == found_views.__name__ and name[0] != "_"} == found
    assert {path.stem for path in TEMPLATES} == (tested - {"models_in_use"}) | found | {
        "removed_page",
        "come_back",
    }  # the last shows no values


@pytest.mark.parametrize("field", [field.name for field in fields(Cost) if field.name != "device"])
@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_gets_into_the_cost(field: str, text: str) -> None:
    """Its figures are written as numbers. Only the name of the device is text, and it is not shown."""
    if field == "tokens_cached":
        assert views.cost(replace(COST, tokens_cached=text)) == views.cost(COST)  # it is not shown
    else:
        with pytest.raises((TypeError, ValueError)):
            views.cost(replace(COST, **{field: text}))
    assert views.cost(replace(COST, device=text)) == views.cost(COST)


def test_a_value_that_is_missing_is_an_error() -> None:
    """Otherwise a mistake in a name would leave a hole in the page."""
    with pytest.raises(UndefinedError, match="message"):
        render("told")


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.stem)
def test_templates_leave_escaping_on_and_quote_their_attributes(template: Path) -> None:
    """Escaped text is safe in an element and in a quoted attribute, and in no other place."""
    source = re.sub(r"\{#.*?#\}", "", template.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert re.findall(r"\|\s*safe|autoescape|Markup|<script|<style|\son\w+=", source) == []
    shown = re.sub(r"\{%.*?%\}", "", re.sub(r"\{\{.*?\}\}", "VALUE", source))
    for tag in re.findall(r"<[a-z][^>]*>", shown):
        attributes = re.sub(r'[a-z-]+="[^"]*"', "", tag)
        assert "VALUE" not in attributes
        assert re.fullmatch(r"<[a-z0-9]+(\s+(checked|hidden))?\s*>", attributes), tag


# Markdown that cannot act

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


# Status and shelf


@pytest.mark.parametrize(
    ("phase", "dot"),
    [
        (Phase.LOADING, "wd-busy"),
        (Phase.READING, "wd-busy"),
        (Phase.READY, "wd-ready"),
        (Phase.FAILED, "wd-failed"),
    ],
)
def test_the_status_says_what_is_going_on(phase: Phase, dot: str) -> None:
    line = parsed(views.status_line(ModelState(phase, "Doing something", READING)))
    assert dot in line.select_one(".wd-dot")["class"]
    assert "Doing something" in line.select_one("[role=status]").text
    assert "25%" in line.text
    assert "1:15 min left" in line.text
    bar = line.progress
    assert (bar["value"], bar["max"]) == ("1234", "5000")


def test_a_shelf_row_has_its_facts_and_buttons() -> None:
    cold = replace(INFO, id="d2", name="b.pdf", pages=1, tokens=0, bytes=0, warm=0.0)
    part = replace(INFO, id="d3", warm=0.31, warnings=("Page 3 has no text.",))
    rows = [Row(INFO, True, False), Row(cold, False, False), Row(part, False, False), Row(part, False, True)]
    items = parsed(views.shelf(rows)).find_all("li")
    facts = [item.select_one(".wd-facts").text for item in items]
    assert facts[0] == "12 pages · 5,000 tokens · 12 MB · ready"
    assert facts[1] == "1 page · not read yet"
    assert facts[2].endswith("31% read")
    assert facts[3].endswith("being read")
    assert [item.input.has_attr("checked") for item in items] == [True, False, False, False]
    acts = [[button["data-act"] for button in item.select("button[data-act]")] for item in items]
    opens, removes = "open_document", "remove_document"
    assert acts == [[opens, removes], *[[opens, "read_document", removes]] * 2, [opens, removes]]
    assert {button["data-id"] for button in items[1].select("[data-act]")} == {"d2"}
    sure = items[1].select_one(".wd-sure")
    assert sure.has_attr("hidden")
    assert [button.text for button in sure.find_all("button")] == ["Remove", "Keep"]
    assert items[2].select_one(".wd-warning").text == "Page 3 has no text."
    assert len({button["aria-label"] for button in items[1].select("button[aria-label]")}) == 3


def test_all_that_is_read_can_be_ticked_where_there_is_more_than_one() -> None:
    cold = replace(INFO, id="d2", warm=0.5)
    rows = [Row(INFO, True, False), Row(cold, False, False), Row(replace(INFO, id="d3"), False, False)]
    (button,) = parsed(views.shelf(rows)).select("[data-act=choose_all]")
    assert button.text == "Ask all 2 together"
    assert not parsed(views.shelf(rows[:2])).select("[data-act=choose_all]")


def test_an_empty_shelf_says_what_to_do() -> None:
    assert "Drop one" in parsed(views.shelf([])).text


# Arrivals

PROGRESS = {
    Stage.WAITING: "waiting",
    Stage.EXTRACTING: "taking the text",
    Stage.PLANNED: "about to be read",
    Stage.READING: "1,234 of 5,000 tokens · 321 tokens/s · 1:15 min left",
    Stage.STOPPED: "drop it again",
    Stage.BESIDE: "goes on with the documents that are ticked",
    Stage.FAILED: "What went wrong.",
    Stage.LOCKED: "What went wrong.",
}


@pytest.mark.parametrize("stage", Stage)
def test_an_arrival_says_how_far_it_is(stage: Stage) -> None:
    shown = parsed(
        views.arrivals([(Arrival("a.pdf", stage, "What went wrong.", PLANNED, READING, 12, ("Odd.",)), False)])
    )
    if stage is Stage.DONE:
        assert str(shown) == ""  # it is on the shelf by now
        return
    assert shown.select_one(".wd-name").text == "a.pdf"
    assert PROGRESS[stage] in shown.select_one(".wd-facts").text
    assert shown.select_one(".wd-warning").text == "Odd."
    assert bool(shown.select(".wd-failed")) == (stage in (Stage.FAILED, Stage.LOCKED))
    assert bool(shown.select(".wd-verdict")) == (stage in (Stage.PLANNED, Stage.READING))
    assert [(bar["value"], bar["max"]) for bar in shown.select("progress")] == (
        [("1234", "5000")] if stage is Stage.READING else []
    )


def test_only_what_is_done_disappears() -> None:
    done = (Arrival("a", Stage.DONE), False)
    failed = Arrival("c", Stage.FAILED, "No.", key=7)
    items = parsed(views.arrivals([done, (Arrival("b"), True), (failed, False)]))
    assert [name.text for name in items.select(".wd-name")] == ["b in another window", "c"]
    assert [(one["data-act"], one["data-index"]) for one in items.find_all("button")] == [("dismiss", "7")]
    assert views.arrivals([done, done]) == views.arrivals([]) == ""


def test_what_was_read_beside_a_conversation_can_be_asked_too() -> None:
    one = Arrival("a", Stage.BESIDE, document_id="d1", key=7)
    buttons = parsed(views.arrivals([(one, False)])).find_all("button")
    assert [(button["data-act"], button.text) for button in buttons] == [
        ("ask_too", "Ask it too"),
        ("dismiss", "Not now"),
    ]
    assert buttons[0]["data-id"] == "d1"


# Conversations


def test_conversations_are_listed_with_what_they_are_about() -> None:
    heads = [
        ConversationHead(
            "c1", "Which channel?", (AskedDocument("d1", "a.pdf"), AskedDocument("d2", "b.pdf")), 1, 100.0
        ),
        ConversationHead("c2", "Who?", (), 2, 100.0 - 40 * 86_400),
    ]
    items = parsed(views.conversations(heads, "c2", 0, False, 100.0)).find_all("li")
    assert [item.select_one(".wd-facts").text.strip() for item in items] == [
        f"1 question · {when(100.0, 100.0)} · a.pdf, b.pdf",
        f"2 questions · {when(100.0 - 40 * 86_400, 100.0)} ·",
    ]
    assert [bool(item.select("[aria-current]")) for item in items] == [False, True]
    acts = [one["data-act"] for one in items[0].select("[data-act]")]
    assert acts == ["open_conversation", "rename_conversation", "delete_conversation"]
    assert items[0].input["value"] == "Which channel?"
    assert "None yet" in views.conversations([], "", 0, False, 0.0)
    assert "No conversation holds" in views.conversations([], "", 0, True, 0.0)
    assert "2 conversations cannot be read" in views.conversations([], "", 2, False, 0.0)


@pytest.mark.parametrize(
    ("planned", "words"),
    [
        (PLANNED, ["5,000 tokens of at most 90,000", "about 2:40 min", "12 MB on disk"]),
        (replace(PLANNED, seconds=None), ["takes a moment"]),
        (replace(PLANNED, cached_tokens=3000), ["3,000 of them were read before"]),
        (replace(PLANNED, cached_tokens=5000, bytes=0), ["nothing has to be read again"]),
    ],
)
def test_what_reading_takes_is_said_first(planned: Planned, words: list[str]) -> None:
    text = parsed(views.arrivals([(Arrival("a.pdf", Stage.PLANNED, planned=planned), False)])).text
    assert [one for one in words if one not in text] == []
    assert ("were read before" in text) == (0 < planned.cached_tokens < planned.tokens)


def test_the_models_in_use_are_named_and_a_small_one_is_said_to_be_small() -> None:
    model = QWEN_CODER_05B
    here = Offer(ModelHere(model, True, model.bytes, 10**9, 321.0), tuple(Role), frozenset(), frozenset())
    offered = Offers((here,), None)
    assert (
        views.models_in_use(offered, model.name, None)
        == f"Model: {model.name} (small, answers in quotes; choose a better one)"
    )
    assert views.models_in_use(offered, model.name, "llama3.1") == f"Model: {model.name} reads, llama3.1 writes"
    assert views.models_in_use(offered, "a/large-one", None) == "Model: a/large-one"


def test_what_every_part_takes_is_said_before_it_is_asked() -> None:
    assert views.expected(None) == ""
    assert "64 of 930 parts, about 3:20 min at most" in views.expected(Expected(930, 64, 200.0))
    assert "1 of 1 part; how long" in views.expected(Expected(1, 1, None))


def test_three_citations_are_shown_and_the_others_on_request() -> None:
    evidence = Evidence((chunk(),), tuple(citation(f"Quote {n}.") for n in range(5)), True)
    shown = parsed(views.citations(evidence, None))
    assert len(shown.select(".wd-citations")[0].find_all("li")) == 3
    assert shown.select_one("details summary").text == "2 more"
    assert not shown.details.has_attr("open")
    assert [one["data-index"] for one in shown.details.select("button")] == ["3", "4"]
    assert parsed(views.citations(evidence, 3)).details.has_attr("open")
    assert parsed(views.citations(replace(evidence, citations=evidence.citations[:3]), None)).details is None


# Citations and pages


def test_citations_say_where_and_what() -> None:
    evidence = Evidence((chunk(),), (citation("One\n  quote."), citation("Another.", label="iv")), True)
    buttons = parsed(views.citations(evidence, 1)).find_all("button")
    assert [(one["data-act"], one["data-index"]) for one in buttons] == [
        ("open_citation", "0"),
        ("open_citation", "1"),
    ]
    assert [one.select_one(".wd-page").text for one in buttons] == ["[1] p. 7", "[2] p. iv"]
    assert [one.select_one(".wd-quote").text for one in buttons] == ["One quote.", "Another."]
    assert [one.get("aria-current") for one in buttons] == [None, "true"]
    assert all(one.select_one(".wd-from") is None for one in buttons)


def test_citations_name_their_documents_where_several_were_asked() -> None:
    evidence = Evidence((chunk(), chunk(id="d2")), (citation(), citation(id="d2", name="b.pdf")), True)
    shown = parsed(views.citations(evidence, None))
    assert [one.text for one in shown.select(".wd-from")] == ["a.pdf", "b.pdf"]
    assert shown.select("[aria-current]") == []
    of_one = parsed(views.citations(replace(evidence, citations=evidence.citations[1:]), None))
    assert [one.text for one in of_one.select(".wd-from")] == ["b.pdf"]


def test_no_citations_yet_and_none_at_all() -> None:
    assert views.citations(None, None) == ""
    assert "Looking for" in views.citations(Evidence((chunk(),)), None)
    nothing = Evidence((chunk(),), (), False)
    assert parsed(views.citations(nothing, None, ("a.pdf", "b.pdf"))).strong.text == "Not found in a.pdf, b.pdf"
    near = replace(nothing, citations=(citation(),))
    assert parsed(views.citations(near, None, ("a.pdf",))).strong.text == "a.pdf probably does not say"
    assert parsed(views.citations(near, None, ("a", "b"))).strong.text == "a, b probably do not say"


def test_citations_of_what_was_removed_say_so() -> None:
    evidence = Evidence((chunk(),), (citation(), citation(id="d2", name="b.pdf")), True)
    shown = parsed(views.citations(evidence, None, (), frozenset({"d2"})))
    assert [bool(one.select(".wd-gone")) for one in shown.find_all("button")] == [False, True]
    assert "b.pdf was removed" in views.opens(RemovedPage("b.pdf"))


def test_the_viewer_is_told_what_to_open() -> None:
    told = parsed(views.opens(PageView("d1", 3, 'a "quote" of\ntwo lines', 7), [3, 12])).p
    assert {
        name.removeprefix("data-"): value for name, value in told.attrs.items() if name.startswith("data-")
    } == {
        "document": "d1",
        "page": "3",
        "quote": 'a "quote" of\ntwo lines',
        "number": "7",
        "cited": "3 12",
    }
    assert views.opens(None) == ""


# The strip

CHUNKS = st.lists(
    st.builds(
        lambda gain, tokens, kept: (gain, tokens, kept),
        st.floats(-3, 3, allow_nan=False),
        st.integers(1, 2000),
        st.booleans(),
    ),
    min_size=1,
    max_size=60,
)


def height(bar: Tag) -> float:
    return float(re.search(r"--height:(-?[\d.]+)", bar["style"])[1])


def bars_of(source: str) -> list[Tag]:
    return parsed(source).select("button.wd-bar")


@examples(max_examples=60, deadline=None)
@given(CHUNKS)
def test_there_is_a_bar_for_each_chunk(values: list[tuple[float, int, bool]]) -> None:
    chunks = [chunk(gain, first=n + 1, tokens=t, kept=kept) for n, (gain, t, kept) in enumerate(values)]
    source = views.strip(chunks, {"d1": "a.pdf"}, {"d1": [str(n) for n in range(1, 99)]})
    bars = bars_of(source)
    assert [bar["data-index"] for bar in bars] == [str(index) for index in range(len(chunks))]
    assert {bar["data-act"] for bar in bars} == {"open_chunk"}
    assert ["wd-kept" in bar["class"] for bar in bars] == [kept for _, _, kept in values]
    assert ["stayed" in bar["aria-label"] for bar in bars] == [kept for _, _, kept in values]
    assert f"the {sum(kept for *_, kept in values)} highest stayed" in " ".join(parsed(source).text.split())
    full = max(0.5, *(gain for gain, *_ in values))
    assert [height(bar) for bar in bars] == [pytest.approx(max(gain, 0) / full, abs=6e-4) for gain, *_ in values]
    assert max(height(bar) for bar in bars) <= 1
    assert [int(re.match(r"flex-grow:(\d+);", bar["style"])[1]) for bar in bars] == [
        tokens for _, tokens, _ in values
    ]
    stops = [index for index, bar in enumerate(bars) if bar["tabindex"] == "0"]
    assert stops == [max(range(len(values)), key=lambda index: values[index][0])]
    assert {bar["tabindex"] for bar in bars} <= {"0", "-1"}


@examples(max_examples=60, deadline=None)
@given(CHUNKS)
def test_page_labels_stand_where_their_chunks_do(values: list[tuple[float, int, bool]]) -> None:
    chunks = [chunk(first=n + 1, tokens=tokens) for n, (_, tokens, _) in enumerate(values)]
    labels = [f"L{n}" for n in range(1, 99)]
    axis = parsed(views.strip(chunks, {"d1": "a.pdf"}, {"d1": labels})).select_one(".wd-axis")
    marks = [
        (float(mark["style"].removeprefix("left:").removesuffix("%")), mark.text) for mark in axis.find_all("span")
    ]
    total = sum(one.tokens for one in chunks)
    starts = {labels[n]: 100 * sum(one.tokens for one in chunks[:n]) / total for n in range(len(chunks))}
    assert marks[0] == (0.0, "L1")
    assert all(place == pytest.approx(starts[label], abs=0.006) for place, label in marks)
    assert [place for place, _ in marks] == sorted({place for place, _ in marks})
    assert len(marks) <= views.AXIS_MARKS
    even = [one.tokens for one in chunks] == [chunks[0].tokens] * len(chunks)
    if even:
        assert len(marks) == min(len(chunks), views.AXIS_MARKS)


@given(
    st.lists(st.tuples(st.floats(-3, 3), st.floats(0, 3), st.booleans()), min_size=1, max_size=20),
    st.integers(1, 20),
)
def test_what_stayed_is_highest(values: list[tuple[float, float, bool]], kept: int) -> None:
    """Bars were as high as the gain alone, while the question's words had a say in what stayed."""
    order = sorted(range(len(values)), key=lambda index: -sum(values[index][:2]))
    chunks = [
        replace(chunk(gain), gain=None, nll=None, scan=9.0)
        if passed and index not in order[:kept]
        else replace(chunk(gain), worth=gain + words, kept=index in order[:kept])
        for index, (gain, words, passed) in enumerate(values)
    ]
    bars = bars_of(views.strip(chunks, {}, {}))
    stayed = [height(bar) for bar in bars if "wd-kept" in bar["class"]]
    others = [height(bar) for bar in bars if "wd-kept" not in bar["class"]]
    assert not others or min(stayed) >= max(others)


def test_noise_is_no_evidence() -> None:
    """If no chunk explains the question, no bar fills the strip."""
    low = [height(bar) for bar in bars_of(views.strip([chunk(0.01), chunk(-0.5)], {}, {}))]
    assert low == [pytest.approx(0.02), 0.0]
    assert height(bars_of(views.strip([chunk(4.0)], {}, {}))[0]) == 1


def test_bars_say_their_pages_as_printed() -> None:
    chunks = [replace(chunk(0.25, kept=True), pages=(1, 1)), replace(chunk(-0.1), pages=(1, 3))]
    said = [bar["aria-label"] for bar in bars_of(views.strip(chunks, {"d1": "a"}, {"d1": ["i", "ii", "1"]}))]
    assert said == ["p. i: 50% of the full height, stayed for the answer", "pp. i–1: 0% of the full height"]
    beyond = bars_of(views.strip(chunks, {}, {}))  # a document that is gone has no labels any more
    assert beyond[1]["title"].startswith("pp. 1–3:")


def test_documents_stand_side_by_side() -> None:
    chunks = [chunk(tokens=10), chunk(0.9, tokens=20), chunk(id="d2", tokens=5)]
    strip = parsed(views.strip(chunks, {"d1": "a.pdf", "d2": "b.pdf"}, {}))
    parts = strip.select(".wd-strip-document")
    assert [part.select_one(".wd-strip-name").text for part in parts] == ["a.pdf", "b.pdf"]
    assert [part["style"] for part in parts] == ["flex-grow:30", "flex-grow:5"]
    assert [len(part.select(".wd-bar")) for part in parts] == [2, 1]
    assert [bar["data-index"] for bar in strip.select(".wd-bar")] == ["0", "1", "2"]
    assert len(strip.select("[tabindex='0']")) == 1
    assert len(strip.select(".wd-axis")) == 2
    alone = parsed(views.strip(chunks[:2], {"d1": "a.pdf"}, {}))
    assert alone.select(".wd-strip-name") == []


def test_the_strip_tells_what_a_scan_passed_over() -> None:
    scored = replace(chunk(0.3, kept=True), scan=2.1)
    passed = [replace(chunk(first=first), nll=None, gain=None, scan=scan) for first, scan in ((3, 1.04), (5, -0.4))]
    source = views.strip([scored, *passed], {"d1": "a"}, {})
    bars = bars_of(source)
    assert [bar["aria-label"] for bar in bars] == [
        "pp. 1–2: 60% of the full height, stayed for the answer",
        "pp. 3–4: a quick scan passed it over",
        "pp. 5–6: a quick scan passed it over",
    ]
    assert ["wd-passed" in bar["class"] for bar in bars] == [False, True, True]
    assert [height(bar) for bar in bars] == pytest.approx([0.6, 0.198, 0.0], abs=0.001)
    assert "A quick scan passed the 2 pale ones over." in parsed(source).get_text()
    assert "pale" not in views.strip([chunk()], {}, {})


def test_nothing_asked_has_no_strip() -> None:
    assert views.strip([], {}, {}) == ""


# Cost and figures


def facts(spent: Cost) -> dict[str, str]:
    shown = parsed(views.cost(spent))
    return dict(
        zip((one.text for one in shown.find_all("dt")), (one.text for one in shown.find_all("dd")), strict=True)
    )


def test_the_cost_is_what_was_measured() -> None:
    assert facts(COST) == {
        "Read for this question": "none, all were remembered",
        "In the documents": "5,000 tokens",
        "Kept for the answer": "800 tokens",
        "First word after": "1.0 s",
        "Answer": "21 tokens, 10 tokens/s, 3.0 s in all",
        "Memory in use then": "2.5 GB",
    }
    other = facts(replace(COST, tokens_read=1200, tokens_answered=1, device="cuda"))
    assert other["Read for this question"].startswith("1,200")
    assert other["GPU memory in use then"] == "2.5 GB"
    assert other["Answer"] == "1 token, 3.0 s in all"
    at_once = facts(replace(COST, tokens_answered=40, first_token_s=2.99))["Answer"]
    assert at_once == "40 tokens, 3.0 s in all"  # copied, which says nothing of a speed
    assert parsed(views.cost(COST)).summary.text == "3 s · 2 of 69 parts"
    assert parsed(views.cost(replace(COST, total_s=0.2, parts=0))).summary.text == "under 1 s"


def test_support_is_shown_where_the_writer_told() -> None:
    assert "Support" not in facts(COST)
    assert facts(replace(COST, support=0.974))["Support"] == "97%"
    assert facts(replace(COST, support=0.0))["Support"] == "0%"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.2, "1 s"),
        (12, "12 s"),
        (59.4, "59 s"),
        (59.6, "1:00 min"),
        (60, "1:00 min"),
        (160, "2:40 min"),
        (599, "9:59 min"),
        (600, "10 min"),
        (3599, "59 min"),
        (3599.6, "1:00 h"),
        (3900, "1:05 h"),
        (90_000, "25:00 h"),
    ],
)
def test_durations_read_as_people_say_them(seconds: float, said: str) -> None:
    assert duration(seconds) == said


def test_times_are_short_and_stay_as_they_are() -> None:
    noon = mktime((2026, 11, 30, 12, 0, 0, 0, 0, -1))
    assert when(noon - 3600, noon) == "11:00"
    assert when(noon - 86_400, noon) == "29 Nov"
    assert when(noon - 365 * 86_400, noon) == "30 Nov 2025"


@pytest.mark.parametrize(
    ("bytes", "said"),
    [(5_000_000, "5 MB"), (640_400_000, "640 MB"), (1_000_000_000, "1.0 GB"), (123_456_000_000, "123.5 GB")],
)
def test_sizes_read_as_people_say_them(bytes: int, said: str) -> None:
    row = parsed(views.shelf([Row(replace(INFO, bytes=bytes), False, False)]))
    assert f" · {said} · " in row.select_one(".wd-facts").text


def test_what_takes_room_takes_more_than_nothing() -> None:
    """A short letter's KV is less than half a megabyte."""
    row = parsed(views.shelf([Row(replace(INFO, bytes=300_000), False, False)]))
    assert "· 0 MB" not in row.text


def test_markup_is_only_in_elements_that_parse() -> None:
    """All elements are closed. The parser of these tests would add missing ends by itself."""
    for make in EVERYTHING:
        for source in make(PLAIN):
            opened: list[str] = []
            for slash, name in re.findall(r"<(/?)([a-z][a-z0-9]*)", source):
                if slash:
                    assert opened.pop() == name
                elif name not in ("input", "img"):
                    opened.append(name)
            assert opened == []
            assert not any(isinstance(node, NavigableString) and "<" in node for node in parsed(source).descendants)


def test_a_document_of_one_part_is_said_to_be_one() -> None:
    said = [parsed(views.strip([chunk(1.0)] * count, {}, {})).select_one(".wd-legend").text for count in (1, 2)]  # type: ignore[union-attr]
    assert said[0].startswith("One bar for the one part that was read.")
    assert said[1].startswith("One bar for each of the 2 parts that was read.")


# Models


def test_a_fetch_shows_how_far_it_is() -> None:
    wanted = Wanted(Role.WRITER, "a model", "another")
    running = Fetch(
        wanted, FetchPhase.RUNNING, "It comes.", Preparing("a model", Step.FETCHING, 250_000_000, 10**9, 75.0)
    )
    page = parsed(views.fetch(running))
    assert page.select_one("progress")["value"] == "250000000"
    assert page.select_one(".wd-facts").text == "Fetching: 250 MB of 1.0 GB · 1:15 min left"
    converting = replace(running, progress=Preparing("a model", Step.CONVERTING, 1, 4, None))
    assert parsed(views.fetch(converting)).select_one(".wd-facts").text == "Converting, once: 25%"
    assert parsed(views.fetch(replace(running, progress=None))).select_one("progress").get("value") is None
    done = parsed(views.fetch(Fetch(wanted, FetchPhase.DONE, "It is here.")))
    assert (done.text.strip(), done.select_one("progress")) == ("It is here.", None)
    assert views.fetch(None) == ""


def test_where_questions_go_is_said_only_if_they_leave() -> None:
    assert views.sends_to(None) == ""
    assert "sent to llm.example" in parsed(views.sends_to("llm.example")).text


def test_every_role_of_a_model_is_what_it_does_or_a_button() -> None:
    here = ModelHere(QWEN_CODER_05B, False, 0, 10**9, None)
    offer = Offer(here, (Role.READER, Role.WRITER), frozenset({Role.READER}), frozenset())
    page = parsed(views.models(Offers((offer,), Answerer.READER)))
    (model,) = page.select(".wd-model")
    assert [one.text for one in model.select(".wd-doing")] == ["reads now"]
    (button,) = model.select("button")
    assert (button["data-act"], button["data-id"]) == (views.USE_TO_WRITE, QWEN_CODER_05B.name)
    assert button.text == "Fetch and let it write"
    facts = " ".join(model.text.split())
    assert (
        "491 MB to fetch, 1.0 GB on disk · 1,020 tokens/s on two cores with AMX, 128K tokens in 2:09 min" in facts
    )
    assert [one["data-id"] for one in page.select(".wd-answerer button")] == [Answerer.DEFAULT.value]
    measured = parsed(
        views.models(Offers((replace(offer, here=replace(here, is_held=True, measured_here=500.0)),), None))
    )
    facts = " ".join(measured.text.split())
    assert "1.0 GB on disk · 500 tokens/s here" in facts
    assert "to fetch" not in facts
