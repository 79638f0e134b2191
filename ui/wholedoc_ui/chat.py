"""The conversation of one tab: asks a question and follows its status and its answer, all in plain values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from parallelcomp import Cancelled
from wholedoc import (
    AskedDocument,
    AskingParts,
    Cited,
    Done,
    Event,
    Expected,
    Kind,
    Library,
    Planned,
    Reading,
    Rewritten,
    Scope,
    Scored,
    Scoring,
    Settings,
    Token,
    Turn,
)
from wholedoc.errors import WholedocError
from wholedoc.runtime.client import Client

from . import conversations
from .app_state import AppState, Phase, sentence
from .cost import memory_in_use
from .evidence import show
from .figures import duration, number
from .session import Evidence, Exchange, Session, Work

STOPPED = "Stopped."


def ask(
    app_state: AppState,
    session: Session,
    question: str,
    settings: Settings,
    library: Library | None = None,
    scope: Scope = Scope.BY_QUESTION,
    *,
    stands_alone: bool = False,
    instructions: str = "",
) -> Iterator[Exchange]:
    """Ask the selected documents, and yield the exchange at once and whenever it has changed. It is in the tab's
    conversation too, which is kept in the library.

    `scope` says whether one place or every part is asked. If the question's words decide that, one place is asked
    where no model can be asked about every part.

    `settings` are those of `library` with those that a person chose for questions. The models may be changed at any
    moment, so that the library is named whose settings they are; by default it is the one in use now. A question
    that `stands_alone` refers to nothing before it, whatever its words are. `instructions` tell the writer how to
    answer a question to one place. Errors become the exchange's status.
    """
    conversation = session.conversation
    exchange = Exchange(question.strip(), documents=documents(app_state, session))
    history = [] if stands_alone else conversation.history
    conversation.exchanges.append(exchange)
    work = session.asking = conversation.asking = Work()
    try:
        yield exchange  # before any work
        conversations.keep(app_state, conversation)
        chosen = library or app_state.library
        asking = _Asking(chosen, exchange, settings, scope, work, history, instructions, session.client)
        yield from _answer(app_state, session, asking)
    except Cancelled:
        exchange.status = STOPPED
        yield exchange
    except Exception as error:
        exchange.status = sentence(error)
        yield exchange
    finally:
        work.finish()
        exchange.ended = True
        session.asked = set()
        if session.asking is work:
            session.asking = None
        if conversation.asking is work:
            conversation.asking = None
        conversations.keep(app_state, conversation)


def expected(
    app_state: AppState, session: Session, question: str, settings: Settings, scope: Scope
) -> Expected | None:
    """Return what a question to every part will take, before it is asked; None for a question to one place.

    None also while that is not known: without documents, and until the model is loaded.
    """
    library = app_state.library
    known = [one.id for one in documents(app_state, session)]
    if not known or not question.strip() or app_state.state.phase not in (Phase.READY, Phase.READING):
        return None
    try:
        kind = library.wanted(question, len(known), scope, settings)
        return library.expected(known, question, kind, settings) if kind else None
    except WholedocError:  # which is said when it is asked
        return None


def retry(session: Session) -> str:
    """Remove the last exchange and return its question; return an empty text if there is none."""
    return session.exchanges.pop().question if session.exchanges else ""


def documents(app_state: AppState, session: Session) -> tuple[AskedDocument, ...]:
    """Return the documents that a question goes to now."""
    known = [id for id in session.selected if app_state.library.knows(id)]
    return tuple(AskedDocument(id, app_state.library.document(id).name) for id in known)


@dataclass(frozen=True)
class _Asking:
    """A question on its way to the library."""

    library: Library
    exchange: Exchange
    settings: Settings
    scope: Scope
    work: Work
    history: Sequence[Turn]
    instructions: str
    client: Client

    def events(self, documents: Sequence[str]) -> Iterator[Event]:
        """Ask one place or every part, and note in the exchange which. Returns the library's events."""
        question, exchange, library = self.exchange.question, self.exchange, self.library
        exchange.kind = library.wanted(question, len(documents), self.scope, self.settings)
        rest: dict[str, Any] = {
            "history": self.history,
            "settings": self.settings,
            "cancelled": self.work.stopped,
            "client": self.client,
        }
        if exchange.kind is None:
            return library.stream(documents, question, instructions=self.instructions, **rest)
        return library.everywhere(documents, question, kind=exchange.kind, **rest)


def _answer(app_state: AppState, session: Session, asking: _Asking) -> Iterator[Exchange]:
    exchange = asking.exchange
    if not session.selected:
        exchange.status = "Choose a document first: tick it on the shelf, or drop one there."
        yield exchange
        return
    if app_state.state.phase is Phase.LOADING:
        exchange.status = "The model is still loading; your question is next."
        yield exchange
    asked = list(session.selected)
    session.asked = set(asked)
    for event in asking.events(asked):
        if isinstance(event, Planned):
            continue
        _take(session, exchange, event, tuple(asked) if exchange.kind else ())
        if isinstance(event, Done) and (device := app_state.device) is not None:
            exchange.memory = memory_in_use(device)
        yield exchange


def _take(
    session: Session,
    exchange: Exchange,
    event: Rewritten | Reading | Scoring | Scored | AskingParts | Cited | Token | Done,
    asked: tuple[str, ...],
) -> None:
    """Add an event to the exchange. Evidence is shown as soon as it is known, before the answer's first word.

    `asked` are the documents of a question to every part; else it is empty.
    """
    if isinstance(event, Token):
        exchange.text += event.text
        exchange.status = ""
        return
    if isinstance(event, Done):
        answer = exchange.answer = event.answer
        exchange.text, exchange.status = answer.text, ""
        items = answer.everywhere.items if answer.everywhere else ()
        evidence = Evidence(answer.chunks, answer.citations, answer.found, items, asked)
        _know(session, exchange, evidence, decided=False)
        return
    if isinstance(event, Rewritten):
        exchange.standalone = event.question
        return
    exchange.status = _status(event, exchange.kind)
    evidence = exchange.evidence or Evidence(asked=asked)
    if isinstance(event, Scored):
        _know(session, exchange, Evidence(event.chunks), decided=False)
    elif isinstance(event, AskingParts):
        _know(session, exchange, replace(evidence, items=event.items, answered=event.answered), decided=False)
    elif isinstance(event, Cited):
        _know(session, exchange, replace(evidence, citations=event.citations, found=True), decided=True)


def _know(session: Session, exchange: Exchange, evidence: Evidence, decided: bool) -> None:
    """Keep the evidence, and show it if it is the first or has been decided.

    A page stays open that a person opened meanwhile, and a conversation stays empty that was cleared.
    """
    first = exchange.evidence is None
    opened = session.shown is exchange and session.view is not None
    exchange.evidence = evidence
    if exchange in session.exchanges and not opened and (first or decided):
        show(session, exchange)


def _status(event: Reading | Scoring | Scored | AskingParts | Cited, kind: Kind | None) -> str:
    if isinstance(event, AskingParts):
        return _parts_status(event, kind)
    if isinstance(event, Reading):
        return f"Reading {event.document}: {event.tokens:,} of {event.total_tokens:,} tokens"
    if isinstance(event, Scoring):
        return f"Asking every part of the document: {event.done} of {event.total}"
    if isinstance(event, Scored):
        return "Looking for the passages that carry the answer"
    return "Answering"


def _parts_status(event: AskingParts, kind: Kind | None) -> str:
    said = [f"Asking every part: {number(event.done)} of {number(event.total)}"]
    if kind is not Kind.SUMMARY:  # which finds nothing, but writes
        said.append(f"{number(len(event.items))} found")
    if event.seconds_left:
        said.append(f"about {duration(event.seconds_left)} left")
    return ", ".join(said)
