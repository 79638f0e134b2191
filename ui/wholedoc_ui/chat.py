"""The conversation of one tab: asks a question and follows its status and its answer, all in plain values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from parallelcomp import Cancelled
from wholedoc import (
    AskingParts,
    Cited,
    Done,
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
from wholedoc.everywhere.kinds import wanted

from .app_state import AppState, Phase, sentence
from .evidence import show
from .session import Evidence, Exchange, Session, Work

STOPPED = "Stopped."


def ask(
    app_state: AppState,
    session: Session,
    question: str,
    settings: Settings,
    library: Library | None = None,
    scope: Scope = Scope.ONE_PLACE,
) -> Iterator[Exchange]:
    """Ask the selected documents, and yield the exchange whenever it has changed. It is in the session's list too.

    `settings` are those of `library` with those that a person chose for questions. The models may be changed at any
    moment, so that the library is named whose settings they are; by default it is the one in use now. `scope` says
    whether every part is asked. Errors become the exchange's status.
    """
    exchange = Exchange(question.strip())
    history = session.history
    session.exchanges.append(exchange)
    work = session.asking = Work()
    try:
        asked = library or app_state.library
        yield from _answer(app_state, asked, session, exchange, settings, work, history, scope)
    except Cancelled:
        exchange.status = STOPPED
        yield exchange
    except Exception as error:
        exchange.status = sentence(error)
        yield exchange
    finally:
        work.finish()
        session.asked = set()
        if session.asking is work:
            session.asking = None


def retry(session: Session) -> str:
    """Remove the last exchange and return its question; return an empty text if there is none."""
    return session.exchanges.pop().question if session.exchanges else ""


def clear(session: Session) -> None:
    """Stop what is being answered, and start a new conversation."""
    if session.asking is not None:
        session.asking.stop()
    session.exchanges = []
    session.shown = session.view = None


def _answer(
    app_state: AppState,
    library: Library,
    session: Session,
    exchange: Exchange,
    settings: Settings,
    work: Work,
    history: Sequence[Turn],
    scope: Scope,
) -> Iterator[Exchange]:
    if not session.selected:
        exchange.status = "Choose a document first: tick it on the shelf, or drop one there."
        yield exchange
        return
    if app_state.state.phase is Phase.LOADING:
        exchange.status = "The model is still loading; your question is next."
        yield exchange
    documents = list(session.selected)
    session.asked = set(documents)
    if scope is Scope.BY_QUESTION and not library.can_ask_everywhere:
        scope = Scope.ONE_PLACE
    kind = wanted(exchange.question, len(documents), scope)
    if kind is None:
        events = library.stream(
            documents, exchange.question, history=history, settings=settings, cancelled=work.stopped
        )
    else:
        events = library.everywhere(
            documents, exchange.question, kind=kind, history=history, cancelled=work.stopped
        )
    for event in events:
        if isinstance(event, Planned):
            continue
        _take(session, exchange, event)
        yield exchange


def _take(
    session: Session,
    exchange: Exchange,
    event: Rewritten | Reading | Scoring | Scored | AskingParts | Cited | Token | Done,
) -> None:
    """Add an event to the exchange. Evidence is shown as soon as it is known, before the answer's first word."""
    if isinstance(event, AskingParts):
        exchange.text = "\n".join(f"- {one.item} (p. {one.page_label})" for one in event.items if one.verified)
        exchange.status = _asking(event)
        exchange.partial = True
        return
    if isinstance(event, Token):
        if exchange.partial:  # what was found so far is in the answer, too
            exchange.text, exchange.partial = "", False
        exchange.text += event.text
        exchange.status = ""
        return
    if isinstance(event, Done):
        answer = exchange.answer = event.answer
        exchange.text, exchange.status = answer.text, ""
        exchange.evidence = Evidence(answer.chunks, answer.citations, answer.found)
        return
    if isinstance(event, Rewritten):
        exchange.standalone = event.question
        return
    exchange.status = _status(event)
    if isinstance(event, Scored):
        exchange.evidence = Evidence(event.chunks)
    elif isinstance(event, Cited):
        exchange.evidence = replace(exchange.evidence or Evidence(), citations=event.citations, found=True)
    else:
        return
    if exchange in session.exchanges:  # otherwise the conversation was cleared meanwhile
        show(session, exchange)


def _asking(event: AskingParts) -> str:
    left = "" if event.seconds_left is None else f", at most {event.seconds_left:.0f} s left"
    return f"Asking every part: {event.done} of {event.total}, {len(event.items)} found{left}"


def _status(event: Reading | Scoring | Scored | Cited) -> str:
    if isinstance(event, Reading):
        return f"Reading {event.document}: {event.tokens:,} of {event.total_tokens:,} tokens"
    if isinstance(event, Scoring):
        return f"Asking every part of the document: {event.done} of {event.total}"
    if isinstance(event, Scored):
        return "Looking for the passages that carry the answer"
    return "Answering"
