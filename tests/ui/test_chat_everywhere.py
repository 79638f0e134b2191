"""Questions to every part in the chat: which are asked so, what is told meanwhile, and how the answer is shown."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace

import pytest
from bs4 import BeautifulSoup
from markdown_it import MarkdownIt

from parallelcomp import Cancelled, Sampling
from parallelcomp.apb import APB
from wholedoc import Answer, AskingParts, Everywhere, Expected, Item, Kind, Scope, Settings, Timings, Usage
from wholedoc.answer import SummarySection, SummarySentence
from wholedoc.writers.writer import Cancel, Message, Written
from wholedoc_ui import chat, evidence
from wholedoc_ui.answers.messages import messages
from wholedoc_ui.app_state import AppState, ModelState, Phase
from wholedoc_ui.chat import STOPPED
from wholedoc_ui.session import Evidence, Exchange, PageView, Session

from .conftest import Put
from .payloads import PAYLOADS

pytestmark = pytest.mark.embedded
LIST, CHECK, ONE_PLACE = "List all vessels.", "Is salt mentioned anywhere?", "Which vessel brought salt?"
MARKDOWN = MarkdownIt("commonmark", {"html": True, "breaks": True}).enable(["table", "strikethrough"])
HERON = Item("Grey Heron", "d1", "a.pdf", 3, "iii", "The Grey Heron was fined.", verified=True)


class Ruled:
    """Finds the first vessel of each part, and is sure of it."""

    name, here, sends_to = "ruled", False, None

    def write(
        self, messages: Sequence[Message], sampling: Sampling, cancelled: Cancel | None = None
    ) -> Generator[str, None, Written]:
        if cancelled is not None and cancelled():
            raise Cancelled
        said = messages[-1].content
        named = re.search(r"vessel number \d+", said)
        yield "Yes" if "Answer Yes or No" in said else named[0] if named else "Salt."
        return Written(1, cut_short=False)


@pytest.fixture
def asked(session: Session, put: Put) -> Session:
    """A tab that has chosen a document."""
    session.selected, session.chose = [put("log.txt").id], True
    return session


@pytest.fixture
def with_writer(app_state: AppState) -> AppState:
    app_state._library = app_state.library.with_writer(Ruled())
    return app_state


def states(
    app_state: AppState, session: Session, question: str, settings: Settings, scope: Scope = Scope.BY_QUESTION
) -> list[Exchange]:
    """Return copies of all states that an exchange goes through."""
    return [replace(one) for one in chat.ask(app_state, session, question, settings, None, scope)]


@pytest.mark.parametrize(
    ("question", "scope", "kind"),
    [
        (LIST, Scope.BY_QUESTION, Kind.LIST),
        (CHECK, Scope.BY_QUESTION, Kind.CHECK),
        (ONE_PLACE, Scope.BY_QUESTION, None),
        (LIST, Scope.ONE_PLACE, None),
        (ONE_PLACE, Scope.EVERYWHERE, Kind.LIST),
    ],
)
def test_the_question_or_the_person_decides_how_much_is_asked(
    with_writer: AppState, asked: Session, settings: Settings, question: str, scope: Scope, kind: Kind | None
) -> None:
    *_, last = states(with_writer, asked, question, settings, scope)
    assert last.answer is not None
    assert last.kind is kind
    assert (last.answer.everywhere is None) == (kind is None)


def test_what_every_part_takes_is_known_before_it_is_asked(
    with_writer: AppState, asked: Session, settings: Settings
) -> None:
    def expected(question: str, scope: Scope = Scope.BY_QUESTION) -> Expected | None:
        return chat.expected(with_writer, asked, question, settings, scope)

    assert expected(LIST) is None  # while the model is loading
    with_writer._state = ModelState(Phase.READY, "Ready")
    first = expected(LIST)
    assert first is not None
    assert first.seconds is None  # this machine has not done it yet
    assert 1 <= first.asked <= first.parts
    assert expected(ONE_PLACE) is expected(LIST, Scope.ONE_PLACE) is expected(" ", Scope.EVERYWHERE) is None
    assert expected(ONE_PLACE, Scope.EVERYWHERE) is not None
    assert asked.exchanges == []
    list(states(with_writer, asked, LIST, settings))
    again = expected(LIST)
    assert again is not None
    assert again.seconds is not None
    asked.selected = []
    assert expected(LIST) is None


def test_items_are_known_while_parts_are_asked(with_writer: AppState, asked: Session, settings: Settings) -> None:
    seen = states(with_writer, asked, LIST, settings)
    known = [len(one.evidence.items) if one.evidence else 0 for one in seen]
    assert known == sorted(known)
    assert len(set(known)) > 2  # none, some, all
    answered = [len(one.evidence.answered) if one.evidence and not one.answer else 0 for one in seen]
    assert answered[:-1] == sorted(answered[:-1])
    assert max(answered) > 0
    last = seen[-1]
    assert last.answer is not None
    assert last.answer.everywhere is not None
    assert last.evidence is not None
    assert last.evidence.items == last.answer.everywhere.items
    assert last.evidence.document_ids == tuple(asked.selected)
    assert asked.shown is asked.exchanges[0]
    first = last.answer.citations[0]
    assert asked.view == PageView(first.document_id, first.page, first.quote)


@pytest.mark.parametrize(
    ("event", "kind", "status"),
    [
        (
            AskingParts(24, 96, (HERON,) * 5, 40.2),
            Kind.LIST,
            "Asking every part: 24 of 96, 5 found, about 40 s left",
        ),
        (AskingParts(0, 96), Kind.CHECK, "Asking every part: 0 of 96, 0 found"),
        (AskingParts(8, 12, (), 90.0), Kind.SUMMARY, "Asking every part: 8 of 12, about 1:30 min left"),
    ],
)
def test_it_is_told_how_far_it_is(event: AskingParts, kind: Kind, status: str) -> None:
    assert chat._status(event, kind) == status


def test_where_nobody_can_be_asked_everywhere_one_place_is(
    app_state: AppState, asked: Session, settings: Settings
) -> None:
    *_, last = states(app_state, asked, LIST, settings)
    assert last.kind is None
    assert last.answer is not None
    assert last.answer.everywhere is None


def test_who_wants_every_part_asked_is_told_that_there_is_no_writer(
    app_state: AppState, asked: Session, settings: Settings
) -> None:
    *_, last = states(app_state, asked, LIST, settings, Scope.EVERYWHERE)
    assert "too small to be asked about every part" in last.status
    assert "Traceback" not in last.status
    assert last.answer is None


def test_settings_of_a_tab_that_do_not_go_with_it_ask_one_place(
    with_writer: AppState, asked: Session, settings: Settings
) -> None:
    apb = replace(settings, apb=APB(2))
    *_, last = states(with_writer, asked, LIST, apb, Scope.EVERYWHERE)
    assert "leave out" in last.status
    assert with_writer.library.wanted(LIST, 1, Scope.BY_QUESTION, apb) is None


def test_stopping_keeps_what_was_found(with_writer: AppState, asked: Session, settings: Settings) -> None:
    work = chat.ask(with_writer, asked, LIST, settings)
    for exchange in work:
        if exchange.evidence and exchange.evidence.items:
            break
    asked.stop()
    *_, last = [replace(one) for one in work]
    assert last.status == STOPPED
    assert last.answer is None
    assert last.evidence is not None
    assert last.evidence.items
    assert asked.asking is None
    assert "<table>" in messages(asked)[1]["content"]


def test_a_page_that_was_opened_meanwhile_stays(with_writer: AppState, asked: Session, settings: Settings) -> None:
    opened = None
    for exchange in chat.ask(with_writer, asked, LIST, settings):
        if opened is None and exchange.evidence and len(exchange.evidence.items) > 1:
            evidence.open_item(asked, 0, 1)
            opened = asked.view
    assert opened is not None
    assert asked.view == opened


# What the chat shows


def answered(found: Everywhere, text: str, kind: Kind = Kind.LIST) -> Exchange:
    answer = Answer("?", text, True, (), (), (), Usage(0, 0, 0, 0, 0), Timings(0, 0, 1), everywhere=found)
    return Exchange("?", text, kind=kind, evidence=Evidence((), (), True, found.items, ("d1",)), answer=answer)


def shown(session: Session, *exchanges: Exchange) -> BeautifulSoup:
    """Return what a browser would make of the last answer."""
    session.conversation.exchanges = list(exchanges)
    return BeautifulSoup(MARKDOWN.render(messages(session)[-1]["content"]), "html.parser")


def test_a_list_is_said_once(session: Session) -> None:
    lead = "1 found in the 8 most promising of 9 parts."
    everywhere = Everywhere(9, 8, (HERON,), 1, lead=lead)
    page = shown(session, answered(everywhere, f"{lead}\n\n- Grey Heron (p. iii)"))
    assert page.get_text().count("Grey Heron") == 2  # the item and its quote
    assert lead in page.get_text()
    assert page.select_one("ul") is None


def test_a_summary_is_the_whole_and_then_its_sections(session: Session) -> None:
    sections = (SummarySection("Trade", "d1", "a.pdf", (1, 1), (SummarySentence("Salt.", (1,), ("1",)),)),)
    everywhere = Everywhere(9, 8, sections=sections, lead="It is about **salt**.")
    page = shown(session, answered(everywhere, "It is about **salt**.\n\n**Trade**\nSalt. (p. 1)", Kind.SUMMARY))
    assert [one.get_text() for one in page.select("p > strong")] == ["salt"]
    assert [one.get_text(" ", strip=True) for one in page.select("details")] == ["Trade Salt. p. 1"]


def test_what_can_be_done_with_an_answer_stands_under_it(session: Session) -> None:
    answer = Answer("?", "Salt.", True, (), (), (), Usage(0, 0, 0, 0, 0), Timings(0, 0, 1))
    page = shown(session, Exchange("?"), Exchange("?", "Salt.", answer=answer, ended=True))
    assert [one.get_text() for one in page.select(".wd-actions > button")] == ["Retry", "Ask everywhere"]
    assert [one["value"] for one in page.select(".wd-actions > button")] == ["1", "1"]
    assert [one.get_text(" ", strip=True) for one in page.select(".wd-cost summary")] == ["1 s"]
    assert page.select_one(".wd-way") is None
    first = Exchange("?", "Salt.", answer=answer, ended=True)
    assert shown(session, first, Exchange("?", "Sa")).select(".wd-actions") == []  # while it is written
    earlier = BeautifulSoup(MARKDOWN.render(messages(session)[1]["content"]), "html.parser")
    assert [one.get_text() for one in earlier.select(".wd-actions > button")] == ["Ask everywhere"]
    stopped = shown(session, first, Exchange("?", status="Stopped.", ended=True))
    assert [one.get_text() for one in stopped.select(".wd-actions > button")] == ["Retry", "Ask everywhere"]


def elements(page: BeautifulSoup) -> Iterator[tuple[str, tuple[str, ...]]]:
    for one in page.find_all(True):
        yield one.name, tuple(sorted(one.attrs))


@pytest.mark.parametrize("payload", [*PAYLOADS, "a\n\n<b>x</b>", "</td></tr></table>\n\n![x](y)"])
def test_nothing_that_is_found_acts(session: Session, payload: str) -> None:
    def page(text: str) -> BeautifulSoup:
        one = replace(HERON, item=text, document=text, page_label=text, quote=f"{text} quoted")
        return shown(session, answered(Everywhere(9, 8, (one, one), 2), f"- {' '.join(text.split())}"))

    def summary(text: str) -> BeautifulSoup:
        sentence = SummarySentence(text, (1,), (text,))
        section = SummarySection(text, "d1", text, (1, 1), (sentence,))
        sections = (section, replace(section, document_id="d2"))
        return shown(session, answered(Everywhere(9, 8, sections=sections), text, Kind.SUMMARY))

    assert list(elements(page(payload))) == list(elements(page("plain")))
    assert list(elements(summary(payload))) == list(elements(summary("plain")))


# Pages that are opened


def test_an_item_opens_its_page_and_shows_its_exchange(session: Session) -> None:
    one, two = answered(Everywhere(9, 8, (HERON,), 1), ""), Exchange("And then?")
    session.conversation.exchanges, session.shown = [one, two], two
    for exchange, index in ((-1, 0), (2, 0), (0, 1), (0, -1), (1, 0)):
        evidence.open_item(session, exchange, index)
        assert session.view is None
    evidence.open_item(session, 0, 0)
    assert session.view == PageView("d1", 3, HERON.quote)
    assert session.shown is one


def test_a_page_of_the_strip_opens_with_what_was_found_there(
    app_state: AppState, session: Session, put: Put
) -> None:
    document = put("log.txt")
    item = replace(HERON, document_id=document.id, page=1)
    session.shown = Exchange("?", evidence=Evidence(items=(item,), asked=(document.id,)))
    for id, page in (("another", 1), (document.id, 0), (document.id, len(document.pages) + 1)):
        evidence.open_page(app_state, session, id, page)
        assert session.view is None
    evidence.open_page(app_state, session, document.id, 1)
    assert session.view == PageView(document.id, 1, HERON.quote)


def test_a_section_opens_its_pages(app_state: AppState, session: Session, put: Put) -> None:
    document = put("log.txt")
    section = SummarySection("Trade", document.id, "log.txt", (1, 1), ())
    one = answered(Everywhere(9, 8, sections=(section,)), "", Kind.SUMMARY)
    one.evidence = Evidence((), (), True, (), (document.id,))
    session.conversation.exchanges = [one]
    for exchange, index, page in ((1, 0, 1), (0, 1, 1), (0, -1, 1), (0, 0, 99)):
        evidence.open_section(app_state, session, exchange, index, page)
        assert session.view is None
    evidence.open_section(app_state, session, 0, 0, 1)
    assert session.view == PageView(document.id, 1)
