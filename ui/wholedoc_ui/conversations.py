"""Conversations that are kept in the library: opened in a tab, listed, renamed and deleted."""

from __future__ import annotations

import time
from collections.abc import Sequence

from wholedoc import Kind
from wholedoc.errors import WholedocError
from wholedoc.storage.conversations import (
    ConversationHead,
    KeptConversation,
    KeptExchange,
    one_line,
)

from .app_state import AppState
from .evidence import show
from .session import Conversation, Evidence, Exchange, Session, Sessions

# What an exchange says that had no answer when the program ended.
INTERRUPTED = "The program ended before this was answered. Ask it again with Retry."
# A name is at most so many characters long.
LONGEST_NAME = 200


def keep(app_state: AppState, conversation: Conversation) -> None:
    """Keep a conversation in the library as it is now. What prevents that becomes a notice."""
    exchanges = [one for one in conversation.exchanges if one.documents]
    if conversation.forgotten or not exchanges:
        return
    conversation.name = conversation.name or one_line(exchanges[0].question)
    head = ConversationHead(conversation.id, conversation.name, conversation.documents, changed=time.time())
    try:
        gone = app_state.library.folder.keep_conversation(KeptConversation(head, tuple(map(_kept, exchanges))))
    except WholedocError as error:
        app_state.notice(str(error))
        return
    for one in gone:
        app_state.notice(f"The conversation “{one.name}” was removed: no more are kept.")


def listed(app_state: AppState, session: Session) -> Sequence[ConversationHead]:
    """Return the conversations that hold the words that a tab searches for; all of them if there are none."""
    return app_state.library.folder.conversations.search(session.searched)


def open_one(app_state: AppState, sessions: Sessions, session: Session, id: str) -> bool:
    """Open a conversation in a tab, with the documents that it was about. Return whether it is there.

    A tab that has it open already shares it.
    """
    elsewhere = [one.conversation for one in sessions.with_conversation(id) if one.exchanges]
    found = elsewhere[0] if elsewhere else _load(app_state, id)
    if found is None:
        return False
    session.conversation = found
    session.selected = [one.id for one in found.documents if app_state.library.knows(one.id)]
    session.chose = True
    session.shown = session.view = None
    if shown := [one for one in found.exchanges if one.evidence]:
        show(session, shown[-1])
    return True


def start_new(session: Session) -> None:
    """Begin a new conversation about the same documents. The one before stays in the library."""
    if session.asking is not None:
        session.asking.stop()
    session.conversation = Conversation()
    session.shown = session.view = None


def rename(app_state: AppState, sessions: Sessions, id: str, name: str) -> None:
    """Give a conversation another name, in all tabs; an empty one gives it its first question's.

    Raises WholedocError if the name is too long or cannot be kept.
    """
    if len(name) > LONGEST_NAME:
        raise WholedocError(f"A name has at most {LONGEST_NAME} characters.")
    folder = app_state.library.folder
    with folder.writing():
        folder.conversations.rename(id, name)
    for one in sessions.with_conversation(id):
        one.conversation.name = one_line(name)


def delete(app_state: AppState, sessions: Sessions, id: str) -> None:
    """Delete a conversation. Tabs that have it open begin a new one.

    Raises WholedocError if it is being continued, or cannot be deleted.
    """
    open_in = sessions.with_conversation(id)
    if any(one.conversation.asking for one in open_in):
        raise WholedocError("A question of this conversation is being answered; stop it first.")
    folder = app_state.library.folder
    with folder.writing():
        folder.conversations.remove(id)
    for one in open_in:
        one.conversation.forgotten = True
        start_new(one)


def _load(app_state: AppState, id: str) -> Conversation | None:
    kept = app_state.library.folder.conversations.get(id)
    if kept is None:
        return None
    return Conversation(kept.head.id, kept.head.name, [_exchange(one) for one in kept.exchanges])


def _kept(exchange: Exchange) -> KeptExchange:
    evidence = exchange.evidence if exchange.answer is None else None
    return KeptExchange(
        exchange.question,
        exchange.documents,
        exchange.text,
        exchange.status if exchange.ended else "",
        exchange.standalone,
        exchange.kind.value if exchange.kind else "",
        exchange.answer,
        evidence.chunks if evidence else (),
        evidence.citations if evidence else (),
    )


def _exchange(kept: KeptExchange) -> Exchange:
    kind = next((one for one in Kind if one.value == kept.kind), None)
    answer = kept.answer
    everywhere = answer.everywhere if answer else None
    asked = tuple(one.id for one in kept.documents) if kind else ()
    evidence = None
    if answer is not None:
        items = everywhere.items if everywhere else ()
        evidence = Evidence(answer.chunks, answer.citations, answer.found, items, asked)
    elif kept.chunks:
        evidence = Evidence(kept.chunks, kept.citations, True if kept.citations else None, (), asked)
    return Exchange(
        kept.question,
        kept.text,
        kept.status if answer or kept.status else INTERRUPTED,
        kept.standalone,
        kind,
        evidence,
        answer,
        kept.documents,
        ended=True,
    )
