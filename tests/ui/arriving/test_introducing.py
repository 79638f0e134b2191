"""Documents that are introduced in the background, and what the page shows of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Sequence

import pytest
from bs4 import BeautifulSoup

from parallelcomp import Cancelled, Sampling
from wholedoc import Introduction
from wholedoc.answer import SummarySection, SummarySentence
from wholedoc.errors import WriterError
from wholedoc.writers.writer import Cancel, Message, Written
from wholedoc_ui import evidence, shelf, suggestions, views
from wholedoc_ui.app_state import AppState
from wholedoc_ui.arriving.introducing import Introducing
from wholedoc_ui.session import Session

from ..conftest import Drop, Put
from ..payloads import PAYLOADS

pytestmark = pytest.mark.embedded
QUESTION = "How many crates of salt did the vessel bring?"


class Noting:
    """Notes the first words of each section, and asks one question. `before` runs before each reply."""

    name, here, sends_to = "noting", False, None

    def __init__(self, before: Callable[[], None] = lambda: None) -> None:
        self._before = before

    def write(
        self, messages: Sequence[Message], sampling: Sampling, cancelled: Cancel | None = None
    ) -> Generator[str, None, Written]:
        self._before()
        if cancelled is not None and cancelled():
            raise Cancelled
        said = messages[-1].content
        if "Answer Yes or No" in said:
            yield "Yes"
        elif "What kind of document" in said:
            yield "A harbour log"
        elif "Write one short question" in said:
            yield QUESTION
        else:
            yield said.split("]\n", 1)[-1].split("\n")[0]
        return Written(1, cut_short=False)


@pytest.fixture
def use(app_state: AppState) -> Callable[[Noting], None]:
    """Have this writer write, and be asked before anything is in its way."""

    def made(writer: Noting) -> None:
        app_state._library = app_state.library.with_writer(writer)

    return made


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_document_is_introduced_in_the_background_and_asked_what_it_answers(
    app_state: AppState, put: Put, use: Callable[[Noting], None]
) -> None:
    use(Noting())
    document = put("log.txt")
    before = app_state.changes()
    app_state.introducer.wish(document.id)
    wait_until(lambda: app_state.introducer.state(document.id) is None)
    introduction = app_state.library.folder.notes.introduction(document.id)
    assert introduction is not None
    assert introduction.kind == "harbour log"
    assert suggestions.suggest(document, introduction) == (QUESTION,)
    assert suggestions.suggest(document) != (QUESTION,)
    assert before[2] == app_state.changes()[2] == ()  # nothing is left of it


def test_it_is_stopped_and_another_one_goes_on(
    app_state: AppState, put: Put, use: Callable[[Noting], None]
) -> None:
    begun, go = threading.Event(), threading.Event()

    def before() -> None:
        begun.set()
        go.wait(60)

    use(Noting(before))
    one, other, third = put("one.txt"), put("other.txt", ["Salt."] * 3), put("third.txt", ["Tar."] * 3)
    for document in (one, other, third, one):
        app_state.introducer.wish(document.id)
    begun.wait(60)
    state = app_state.introducer.state(one.id)
    assert state is not None
    assert state.total > 0
    assert app_state.introducer.state(other.id) == Introducing()
    app_state.introducer.stop(one.id)
    app_state.introducer.stop(other.id)
    go.set()
    wait_until(lambda: not app_state.introducer.states)
    notes = app_state.library.folder.notes
    assert notes.introduction(one.id) is None
    assert notes.introduction(other.id) is None
    assert notes.introduction(third.id) is not None


def test_what_goes_wrong_is_said_and_can_be_tried_again(
    app_state: AppState, put: Put, use: Callable[[Noting], None]
) -> None:
    failing = [True]

    def before() -> None:
        if failing.pop() if failing else False:
            raise WriterError("the program that writes does not answer")

    use(Noting(before))
    document = put("log.txt")
    app_state.introducer.wish(document.id)
    wait_until(lambda: bool((state := app_state.introducer.state(document.id)) and state.message))
    state = app_state.introducer.state(document.id)
    assert state is not None
    assert "does not answer" in state.message
    app_state.introducer.wish(document.id)
    wait_until(lambda: not app_state.introducer.states)
    assert app_state.library.folder.notes.introduction(document.id) is not None


def test_after_reading_only_if_a_person_wants_it(
    app_state: AppState, session: Session, drop: Drop, use: Callable[[Noting], None]
) -> None:
    use(Noting())
    wished: list[str] = []
    app_state.introducer.wish = wished.append  # type: ignore[method-assign]
    list(shelf.take_in(app_state, session, [drop("one.txt", "Salt came in. " * 40)]))
    assert wished == []
    app_state.introduces_after_reading = True
    list(shelf.take_in(app_state, session, [drop("two.txt", "Tar came in. " * 40)]))
    assert wished == [session.selected[-1]]


def test_a_section_opens_the_page_where_it_begins(app_state: AppState, session: Session, put: Put) -> None:
    document = put("log.txt")
    evidence.open_introduced(app_state, session, document.id, 1)
    assert session.view is not None
    assert (session.view.document_id, session.view.page) == (document.id, 1)
    opened = session.view
    for id, page in ((document.id, 0), (document.id, len(document.pages) + 1), ("no such document", 1)):
        evidence.open_introduced(app_state, session, id, page)
    assert session.view == opened


def test_the_page_shows_each_state_and_nothing_acts() -> None:
    assert views.introduction("d", None, None, offered=False) == ""
    assert 'data-act="introduce"' in views.introduction("d", None, None, offered=True)
    shown = views.introduction("d", None, Introducing(3, 12, 40.0), offered=True)
    assert "3 of 12 sections, about 40 s left" in shown
    assert 'data-act="stop_introducing"' in shown
    assert "It was not introduced: no" in views.introduction("d", None, Introducing(message="no"), offered=True)
    for payload in PAYLOADS:
        section = SummarySection(payload, "d", payload, (1, 1), (SummarySentence(payload, (1,), (payload,)),))
        known = Introduction("d", payload, 1, payload, (section,), (payload,))
        html = views.introduction("d", known, Introducing(message=payload), offered=True)
        assert BeautifulSoup(html, "html.parser").find(["script", "img", "a", "iframe", "svg"]) is None
