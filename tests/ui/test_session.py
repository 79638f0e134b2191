"""Tabs: what each has to itself, and what happens when it is closed."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from wholedoc import Answer, AskedDocument, Timings, Turn, Usage
from wholedoc_ui import session
from wholedoc_ui.arriving.arrivals import Arrival, Batch, Stage
from wholedoc_ui.session import Conversation, Exchange, PageView, Session, Sessions, Work

from ..app.server.serving import until

ANSWER = Answer("One?", "The answer.", True, (1,), (), (), Usage(10, 10, 5, 2, 1), Timings(0.1, 0.2, 0.3))


def test_a_tab_keeps_its_session_and_shares_it_with_nobody(sessions: Sessions) -> None:
    one, two = sessions.get("one"), sessions.get("two")
    assert sessions.get("one") is one
    assert one is not two
    one.selected.append("d1")
    one.exchanges.append(Exchange("One?"))
    one.being_read.add("d1")
    one.locked.append(Path("a.pdf"))
    assert two == Session("two")
    assert len(sessions) == 2


def test_many_threads_get_one_session_for_one_tab(sessions: Sessions) -> None:
    together = threading.Barrier(8)
    found: list[Session] = []

    def get() -> None:
        together.wait()
        found.append(sessions.get("one"))

    threads = [threading.Thread(target=get) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(session) for session in found}) == 1


def test_only_finished_turns_are_history() -> None:
    exchanges = [
        Exchange("One?", "The answer.", answer=ANSWER),
        Exchange("Two?", "Half an", "Stopped."),
        Exchange("Three?", status="It went wrong."),
        Exchange("Four?", "Growing"),
    ]
    assert Conversation(exchanges=exchanges).history == [Turn("One?", "The answer.")]


def test_a_tab_that_goes_away_stops_its_work_and_no_other(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "COMES_BACK_S", 0.05)
    one, two = sessions.get("one"), sessions.get("two")
    one.reading, one.asking, two.asking = Work(), Work(), Work()
    sessions.leave("one")
    assert (one.asking.stopped(), two.asking.stopped()) == (True, False)
    until(one.reading.stopped)
    sessions.leave("two")
    assert two.asking.stopped()


@pytest.mark.parametrize("left", [True, False])
def test_a_tab_that_is_loaded_again_reads_on(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch, left: bool
) -> None:
    """The connection of the page before may end later than the new one begins."""
    monkeypatch.setattr(session, "COMES_BACK_S", 0.05)
    one = sessions.get("one")
    one.exchanges.append(Exchange("One?", "The answer."))
    one.reading = Work()
    if left:
        sessions.leave("one")
    assert sessions.come_back("one", "one again") is one
    assert sessions.get("one again") is one
    sessions.leave("one")
    sessions.end("one")
    time.sleep(0.2)
    assert not one.reading.stopped()
    assert sessions.come_back("one", "a third") is None
    sessions.leave("one again")
    until(one.reading.stopped)


def test_a_tab_that_is_gone_is_forgotten_with_its_files(sessions: Sessions, tmp_path: Path) -> None:
    one = sessions.get("one")
    one.asking = work = Work()
    locked = tmp_path / "incoming" / "a.pdf"
    locked.parent.mkdir()
    locked.write_bytes(b"%PDF")
    one.locked.append(locked)
    sessions.end("one")
    assert work.stopped()
    assert not locked.parent.exists()
    assert len(sessions) == 0
    assert sessions.get("one") == Session("one")


@pytest.mark.parametrize("unknown", ["", "nobody"])
def test_a_tab_that_nobody_knows_can_go_too(sessions: Sessions, unknown: str) -> None:
    sessions.get("one")
    sessions.leave(unknown)
    sessions.end(unknown)
    assert len(sessions) == 1


def test_what_other_tabs_do_is_told_without_ones_own(sessions: Sessions) -> None:
    one, two, three = (sessions.get(id) for id in ("one", "two", "three"))
    going, failed = Arrival("a.pdf", Stage.READING), Arrival("b.pdf", Stage.FAILED)
    one.batches, two.batches = [Batch([going])], [Batch([failed]), Batch([replace(going, name="c.pdf")])]
    assert [arrival.name for arrival in sessions.arriving_elsewhere(one)] == ["c.pdf"]
    assert [arrival.name for arrival in sessions.arriving_elsewhere(three)] == ["a.pdf", "c.pdf"]
    assert two.arrivals == [failed, replace(going, name="c.pdf")]
    one.being_read, two.being_read = {"a", "d"}, {"b"}
    assert sessions.being_read() == {"a", "b", "d"}
    two.asked = {"e"}
    assert sessions.in_use_elsewhere(two) == {"a", "d"}
    assert sessions.in_use_elsewhere(three) == {"a", "b", "d", "e"}


def test_what_is_opened_is_numbered() -> None:
    tab = Session()
    tab.open("d1", 3, "a quote")
    assert tab.view == PageView("d1", 3, "a quote")
    before = tab.view.number
    tab.open("d2")
    assert (tab.view, tab.looked_at) == (PageView("d2"), "d2")
    assert tab.view.number == before + 1


def test_a_conversation_is_about_what_was_asked_last(sessions: Sessions) -> None:
    one, two = AskedDocument("d1", "a.pdf"), AskedDocument("d2", "b.pdf")
    conversation = Conversation(exchanges=[Exchange("One?", documents=(one,)), Exchange("Two?", documents=(two,))])
    assert conversation.documents == (two,)
    assert Conversation().documents == ()
    tabs = [sessions.get(id) for id in ("one", "two", "three")]
    tabs[0].conversation = tabs[2].conversation = conversation
    assert sessions.with_conversation(conversation.id) == [tabs[0], tabs[2]]
