"""The conversation as chat components take it."""

from __future__ import annotations

from .. import views
from ..session import Exchange, Session
from . import everywhere
from .everywhere import one_line
from .markdown import inert
from .marks import marked


def messages(session: Session) -> list[dict[str, str]]:
    """Return the conversation as messages with a role and a content in inert Markdown."""
    shown: list[dict[str, str]] = []
    for index, one in enumerate(session.exchanges):
        shown.append({"role": "user", "content": inert(one.question)})
        shown.append({"role": "assistant", "content": _answer(one, index) or "…"})
    return shown


def _answer(exchange: Exchange, index: int) -> str:
    """Return what an exchange says: how it was asked, its answer, and what is going on."""
    asked = one_line(views.asked_as(index, exchange.standalone)) if exchange.standalone else ""
    if exchange.kind is not None:
        text = everywhere.shown(exchange, index)
    else:
        text = marked(exchange.answer, index) if exchange.answer else inert(exchange.text)
    missing = exchange.answer is not None and not exchange.answer.found and exchange.documents
    names = one_line(views.asked_of([one.name for one in exchange.documents])) if missing else ""
    status = inert(f"*{exchange.status}*") if exchange.status else ""
    return "\n\n".join(part for part in (everywhere.way(exchange, index), asked, text, names, status) if part)
