"""Tabs: what each has to itself, and what happens when it is closed."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest

from wholedoc import Answer, AskedDocument, Timings, Turn, Usage
from wholedoc_ui.arrivals import Arrival, Batch, Stage
from wholedoc_ui.session import Conversation, Exchange, PageView, Session, Sessions, Work

ANSWER = Answer("One?", "The answer.", True, (1,), (), (), Usage(10, 10, 5, 2, 1), Timings(0.1, 0.2, 0.3))


def test_a_tab_keeps_its_session_and_shares_it_with_nobody(sessions: Sessions) -> None:
    one, two = sessions.get("one"), sessions.get("two")
    assert sessions.get("one") is one
    assert one is not two
    one.selected.append("d1")
    one.exchanges.append(Exchange("One?"))
    one.being_read.add("d1")
    one.locked.append(Path("a.pdf"))
    assert two == Session()
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


def test_stopping_stops_all_work_of_the_tab_only(sessions: Sessions) -> None:
    one, two = sessions.get("one"), sessions.get("two")
    one.reading, one.asking, two.asking = Work(), Work(), Work()
    sessions.stop("one")
    assert (one.reading.stopped(), one.asking.stopped(), two.asking.stopped()) == (True, True, False)
    sessions.stop("two")
    assert two.asking.stopped()


def test_a_tab_that_comes_back_has_its_conversation(sessions: Sessions) -> None:
    one = sessions.get("one")
    one.exchanges.append(Exchange("One?", "The answer."))
    sessions.stop("one")
    assert sessions.get("one") is one


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
    assert sessions.get("one") == Session()


@pytest.mark.parametrize("unknown", ["", "nobody"])
def test_a_tab_that_nobody_knows_can_go_too(sessions: Sessions, unknown: str) -> None:
    sessions.get("one")
    sessions.stop(unknown)
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


def test_what_is_opened_is_numbered(session: Session) -> None:
    session.open("d1", 3, "a quote")
    assert session.view == PageView("d1", 3, "a quote")
    before = session.view.number
    session.open("d2")
    assert (session.view, session.looked_at) == (PageView("d2"), "d2")
    assert session.view.number == before + 1


def test_a_conversation_is_about_what_was_asked_last(sessions: Sessions) -> None:
    one, two = AskedDocument("d1", "a.pdf"), AskedDocument("d2", "b.pdf")
    conversation = Conversation(exchanges=[Exchange("One?", documents=(one,)), Exchange("Two?", documents=(two,))])
    assert conversation.documents == (two,)
    assert Conversation().documents == ()
    tabs = [sessions.get(id) for id in ("one", "two", "three")]
    tabs[0].conversation = tabs[2].conversation = conversation
    assert sessions.with_conversation(conversation.id) == [tabs[0], tabs[2]]
