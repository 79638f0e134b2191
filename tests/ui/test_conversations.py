"""Conversations of tabs: kept as they go on, opened with their documents, shared, renamed and deleted."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from wholedoc import Answer, AskedDocument, Citation, Item, Kind, ScoredChunk, Settings, Timings, Usage
from wholedoc.answer import Everywhere
from wholedoc.errors import LibraryError, WholedocError
from wholedoc.storage.folder import LibraryFolder
from wholedoc_ui import chat, conversations
from wholedoc_ui.answers.messages import messages
from wholedoc_ui.app_state import AppState
from wholedoc_ui.session import Conversation, Evidence, Exchange, Session, Sessions, Work

from .conftest import Put

pytestmark = pytest.mark.embedded
QUESTION = "Which vessel brought salt?"
NOTE = AskedDocument("d1", "a.txt")
CHUNK = ScoredChunk("d1", (1, 1), 10, 2.0, 0.5, True, None, 0.5)
CITATION = Citation("d1", "a.txt", 1, "1", "Salt.", 0.5)
ITEM = Item("Salt", "d1", "a.txt", 1, "1", "Salt.", True)


def answered(question: str, everywhere: Everywhere | None = None) -> Exchange:
    usage, timings = Usage(10, 10, 5, 2, 1), Timings(0.1, 0.2, 0.3)
    answer = Answer(question, "Salt.", True, (), (CITATION,), (CHUNK,), usage, timings, everywhere=everywhere)
    items = everywhere.items if everywhere else ()
    evidence = Evidence((CHUNK,), (CITATION,), True, items, ("d1",) if everywhere else ())
    kind = Kind.LIST if everywhere else None
    return Exchange(question, "Salt.", kind=kind, evidence=evidence, answer=answer, documents=(NOTE,), ended=True)


def reopened(app_state: AppState, sessions: Sessions, conversation: Conversation) -> Session:
    """Return a tab that has opened a conversation after the program was started anew."""
    tab = sessions.get("a tab of tomorrow")
    assert conversations.open_one(app_state, Sessions(), tab, conversation.id)
    return tab


def test_a_question_is_kept_when_it_is_asked_and_when_it_is_answered(
    app_state: AppState, session: Session, settings: Settings, put: Put
) -> None:
    session.selected = [put("log.txt").id]
    kept = app_state.library.folder.conversations
    work = chat.ask(app_state, session, f" {QUESTION}\n", settings)
    next(work)
    next(work)
    (begun,) = kept.all()
    assert (begun.id, begun.name, begun.exchanges) == (session.conversation.id, QUESTION, 1)
    assert [one.name for one in begun.documents] == ["log.txt"]
    list(work)
    found = kept.get(begun.id)
    assert found is not None
    assert found.exchanges[0].text == session.exchanges[0].text
    assert found.exchanges[0].answer is not None


def test_all_kinds_of_exchanges_come_back_as_they_were(
    app_state: AppState, sessions: Sessions, session: Session
) -> None:
    stopped = Exchange("Three?", "Half", "Stopped.", "Three, alone?", documents=(NOTE,), ended=True)
    stopped.evidence = Evidence((CHUNK,), (CITATION,), True)
    everywhere = answered("Two?", Everywhere(4, 3, (ITEM,), 1))
    session.conversation.exchanges += [answered("One?"), everywhere, stopped]
    conversations.keep(app_state, session.conversation)
    tab = reopened(app_state, sessions, session.conversation)
    assert tab.exchanges == session.exchanges
    assert messages(tab) == messages(session)
    assert tab.shown is tab.exchanges[-1]
    assert tab.conversation.history == session.conversation.history


def test_what_was_not_answered_when_the_program_ended_says_so(
    app_state: AppState, sessions: Sessions, session: Session
) -> None:
    session.conversation.exchanges.append(Exchange("One?", status="Asking: 3 of 9", documents=(NOTE,)))
    conversations.keep(app_state, session.conversation)
    tab = reopened(app_state, sessions, session.conversation)
    assert tab.exchanges[0].status == conversations.INTERRUPTED


def test_documents_that_are_gone_are_not_ticked(
    app_state: AppState, sessions: Sessions, session: Session, put: Put
) -> None:
    document = put("log.txt")
    asked = (AskedDocument(document.id, document.name), NOTE)
    session.conversation.exchanges.append(Exchange("One?", documents=asked, ended=True))
    conversations.keep(app_state, session.conversation)
    tab = reopened(app_state, sessions, session.conversation)
    assert (tab.selected, tab.chose) == ([document.id], True)


def test_a_question_to_no_document_is_not_kept(app_state: AppState, session: Session) -> None:
    session.conversation.exchanges.append(Exchange("One?", status="Choose a document first."))
    conversations.keep(app_state, session.conversation)
    assert conversations.listed(app_state, session) == []


def test_tabs_that_open_one_conversation_share_it(
    app_state: AppState, sessions: Sessions, session: Session, other: Session
) -> None:
    session.conversation.exchanges.append(answered("One?"))
    conversations.keep(app_state, session.conversation)
    assert conversations.open_one(app_state, sessions, other, session.conversation.id)
    assert other.conversation is session.conversation
    assert not conversations.open_one(app_state, sessions, other, "../../x")
    assert not conversations.open_one(app_state, sessions, other, "ab" * 8)
    assert other.conversation is session.conversation


def test_a_name_is_kept_while_the_conversation_goes_on(
    app_state: AppState, sessions: Sessions, session: Session
) -> None:
    session.conversation.exchanges.append(answered("One?"))
    conversations.keep(app_state, session.conversation)
    conversations.rename(app_state, sessions, session.conversation.id, " The\nsalt ")
    session.conversation.exchanges.append(answered("Two?"))
    conversations.keep(app_state, session.conversation)
    assert [one.name for one in conversations.listed(app_state, session)] == ["The salt"]
    conversations.rename(app_state, sessions, session.conversation.id, "")
    conversations.keep(app_state, session.conversation)
    assert [one.name for one in conversations.listed(app_state, session)] == ["One?"]
    with pytest.raises(WholedocError, match="200"):
        conversations.rename(app_state, sessions, session.conversation.id, "x" * 201)


def test_what_is_deleted_is_gone_from_all_tabs_and_does_not_come_back(
    app_state: AppState, sessions: Sessions, session: Session, other: Session
) -> None:
    gone = session.conversation
    gone.exchanges.append(answered("One?"))
    conversations.keep(app_state, gone)
    conversations.open_one(app_state, sessions, other, gone.id)
    gone.asking = Work()
    with pytest.raises(WholedocError, match="stop it first"):
        conversations.delete(app_state, sessions, gone.id)
    gone.asking = None
    conversations.delete(app_state, sessions, gone.id)
    assert (session.exchanges, other.exchanges) == ([], [])
    conversations.keep(app_state, gone)
    assert conversations.listed(app_state, session) == []


def test_what_cannot_be_kept_is_told_and_stops_nothing(
    app_state: AppState, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> Iterator[object]:
        raise LibraryError("the disk is full")

    monkeypatch.setattr(LibraryFolder, "keep_conversation", full)
    session.conversation.exchanges.append(answered("One?"))
    conversations.keep(app_state, session.conversation)
    assert app_state.take_notices() == ["the disk is full"]
