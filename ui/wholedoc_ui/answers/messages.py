"""The conversation as chat components take it."""

from __future__ import annotations

from ..session import Session
from .markdown import inert
from .marks import marked


def messages(session: Session) -> list[dict[str, str]]:
    """Return the conversation as messages with a role and a content in inert Markdown."""
    shown: list[dict[str, str]] = []
    for index, one in enumerate(session.exchanges):
        status = inert(f"*{one.status}*") if one.status else ""
        asked = inert(f"Asked as: {one.standalone}") if one.standalone else ""
        text = marked(one.answer, index) if one.answer else inert(one.text)
        content = "\n\n".join(part for part in (asked, text, status) if part)
        shown.append({"role": "user", "content": inert(one.question)})
        shown.append({"role": "assistant", "content": content or "…"})
    return shown
