"""Every text that a view shows comes back as text, whatever it is."""

from __future__ import annotations

import html
import inspect
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields, replace
from functools import cache
from pathlib import Path

import pytest
from bs4 import NavigableString
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from jinja2 import UndefinedError

from wholedoc import (
    AskedDocument,
    Introduction,
    Kind,
)
from wholedoc.answer import SummarySection, SummarySentence
from wholedoc.models.catalogue import QWEN_CODER_05B, Role
from wholedoc.models.inventory import ModelHere
from wholedoc.models.preparing import Preparing, Step
from wholedoc.storage.conversations import ConversationHead
from wholedoc_ui import found_views, views
from wholedoc_ui.app_state import ModelState, Phase
from wholedoc_ui.arriving.arrivals import Arrival, Stage
from wholedoc_ui.arriving.introducing import Introducing
from wholedoc_ui.cost import Cost
from wholedoc_ui.evidence import RemovedPage
from wholedoc_ui.models.fetching import Fetch, FetchPhase
from wholedoc_ui.models.offers import Offer, Offers
from wholedoc_ui.models.wanted import Wanted
from wholedoc_ui.session import Evidence, PageView
from wholedoc_ui.shelf import Row
from wholedoc_ui.templating import esc, render

from .view_examples import (
    COST,
    HOSTILE,
    INFO,
    PLAIN,
    PLANNED,
    READING,
    TEMPLATES,
    chunk,
    citation,
    item,
    parsed,
    put_in,
    skeleton,
)

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
    yield views.citations(Evidence((chunk(),), (one,), True), 0, frozenset({"d1"}))
    for nothing in (
        Evidence((chunk(),), (), False),
        Evidence((chunk(),), (one,), False),
        Evidence((), (), False, (), ("d1",)),
    ):
        yield views.citations(nothing, None)
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
    yield views.not_found([text, text])
    yield views.not_found([text])
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
    tested |= {"fetch", "models", "sends_to", "unsupported", "source", "asked_as", "asked_of", "not_found"}
    tested |= {
        "conversations",
        "more_sources",
        "actions",
        "samples",
        "expected",
        "models_in_use",
        "asked_documents",
        "parts_of_page",
        "welcome",
        "introduction",
        "evidence_title",
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
