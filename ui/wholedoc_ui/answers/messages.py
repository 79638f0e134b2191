"""The conversation as chat components take it."""

from __future__ import annotations

from .. import views
from ..cost import cost_of
from ..session import Exchange, Session
from . import everywhere
from .everywhere import one_line
from .markdown import inert
from .marks import marked


def messages(session: Session) -> list[dict[str, str]]:
    """Return the conversation as messages with a role and a content in inert Markdown."""
    shown: list[dict[str, str]] = []
    last = len(session.exchanges) - 1
    for index, one in enumerate(session.exchanges):
        shown.append({"role": "user", "content": inert(one.question)})
        shown.append({"role": "assistant", "content": _answer(one, index, index == last) or "…"})
    return shown


def _answer(exchange: Exchange, index: int, last: bool) -> str:
    """Return what an exchange says: how it was asked, its answer, what is going on, and what can be done then."""
    asked = one_line(views.asked_as(index, exchange.standalone)) if exchange.standalone else ""
    status = inert(f"*{exchange.status}*") if exchange.status else ""
    parts = (everywhere.way(exchange), asked, *_said(exchange, index), status, _actions(exchange, index, last))
    return "\n\n".join(part for part in parts if part)


def _said(exchange: Exchange, index: int) -> tuple[str, ...]:
    """Return what the answer says so far. One that finds nothing names the documents that were asked, once."""
    answer, names = exchange.answer, [one.name for one in exchange.documents]
    is_missing = bool(names) and answer is not None and not answer.found
    asked = one_line(views.asked_of(names)) if is_missing else ""
    if exchange.kind is not None:
        return everywhere.shown(exchange, index), asked
    if answer is None:
        return (inert(exchange.text),)
    if is_missing and not answer.citations:
        return (one_line(views.not_found(names)),)
    return marked(answer, index), asked


def _actions(exchange: Exchange, index: int, last: bool) -> str:
    """Return what can be done with an answer, or with a question that was not answered to the end."""
    if not exchange.ended or (exchange.answer is None and not last):
        return ""
    spent = cost_of(exchange.answer, exchange.memory) if exchange.answer else None
    return one_line(views.actions(index, spent, everywhere=exchange.kind is not None, last=last))
