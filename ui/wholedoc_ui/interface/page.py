"""The page as a whole: a tab that opens, comes back or goes away, and what it follows of the others."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import gradio as gr

from .. import conversations, views
from ..session import Session
from .first_paint import FirstPaint
from .handlers import HIDDEN, QUICK, Handlers, Updates, once, saying
from .html import ASSETS

# A tab looks for what has changed elsewhere every so many seconds, and shows all anew every so many.
FOLLOW_S = 0.5
ANEW_S = 10.0
# A tab that is loaded again is the tab that it was; one that was duplicated is another, with the same memory.
REMEMBERED = """() => {
  let known = {};
  try {
    known = JSON.parse(sessionStorage.getItem("wholedoc")) ?? {};
  } catch {}  // nonsense is as good as nothing
  if (performance.getEntriesByType("navigation")[0]?.type !== "reload") delete known.tab;
  return [JSON.stringify(known)];
}"""
REMEMBER = "tab => { sessionStorage.setItem('wholedoc', tab); }"


class PageHandlers(Handlers):
    def bind(self, page: FirstPaint) -> None:
        """Bind the events of the page. Call it inside gr.Blocks."""
        page.shown = self.first_paint
        # Gradio forgets a closed tab an hour later, since it may come back until then. Then we forget it too.
        tab = gr.State(None, delete_callback=self.sessions.end)
        opened = [tab, *self.conversation_outputs]
        page.load(self.opened, [self.parts.chat.tab], opened, js=REMEMBERED, **QUICK).then(
            self.follow, None, self.followed_outputs, **QUICK
        )
        settings = self.parts.settings
        page.load(self.for_all_tabs, None, [settings.folders.named, settings.introduces], **QUICK)
        self.parts.status.looked_at(self.follow, None, self.followed_outputs, **QUICK)
        self.parts.fetch.cancel.click(self.cancel, None, self.status_outputs, **QUICK)
        self.parts.chat.tab.change(None, [self.parts.chat.tab], None, js=REMEMBER, **HIDDEN)
        for script in ("page.js", "settings.js"):
            page.load(None, None, None, js=(ASSETS / script).read_text(encoding="utf-8"))
        page.unload(self.closed)

    def first_paint(self) -> Updates:
        """What stands in the page before its tab has told who it is: that there is nothing yet, if so.

        All else comes with the first answer, when it can be clicked.
        """
        nobody = Session()
        if self.app_state.library.documents() or conversations.listed(self.app_state, nobody):
            return {}
        return {self.parts.shelf.documents: views.shelf(())}

    def opened(self, remembered: str, request: gr.Request) -> tuple[Any, ...]:
        """Show a tab that was opened, with the conversation and the documents that it had before, if it had any."""
        before, conversation, selected = _remembered(remembered)
        session = self.sessions.come_back(before, request.session_hash or "") or self.session(request)
        if conversation and session.conversation.id != conversation:
            conversations.open_one(self.app_state, self.sessions, session, conversation)
        if selected is not None and not session.chose:
            session.chose = True
            session.selected = [id for id in selected if self.app_state.library.knows(id)]
        updates = self.conversation(session)
        return (request.session_hash, *(updates[part] for part in self.conversation_outputs))

    def for_all_tabs(self) -> tuple[str, bool]:
        """What is chosen for all tabs, as it is now: the page was made when the app started."""
        return "\n".join(self.app_state.folders.chosen()), self.app_state.introduces_after_reading

    @property
    def followed_outputs(self) -> list[Any]:
        shelf = self.parts.shelf
        taking_in = (shelf.stop, shelf.locked, shelf.password)
        return once(*self.status_outputs, *self.conversation_outputs, *taking_in)

    async def follow(self, request: gr.Request) -> AsyncIterator[Updates]:
        """Show what changes in the library, the models and the tab's conversation, wherever it was done.

        No thread waits for it. Of several that follow for one tab the last goes on.
        """
        session = self.session(request)
        mine = self.sessions.follow(session)
        sent: Updates = {}
        seen: object = None
        shown_at = 0.0
        while session.watches == mine:
            now = (self.app_state.changes(), self._arriving(session), session.selected, saying(session))
            if now != seen or time.monotonic() - shown_at > ANEW_S:
                updates = await asyncio.to_thread(self._all, session)
                changed = {part: value for part, value in updates.items() if sent.get(part) != value}
                seen, shown_at = now, time.monotonic()
                sent |= changed
                if changed:
                    yield changed
            await asyncio.sleep(FOLLOW_S)

    def _arriving(self, session: Session) -> list[object]:
        elsewhere = self.sessions.arriving_elsewhere(session)
        return [*elsewhere, *session.arrivals, *sorted(self.sessions.being_read())]

    def _all(self, session: Session) -> Updates:
        """What the tab shows of all that others change."""
        self.tell()
        return {
            **self.status(self.app_state.state),
            **self.names(session),
            **self.shelf(session),
            **self.intake(session),
            **self._listed(session),
            **self.tab(session),
            **(self.chat(session) if session.said != saying(session) and session.asking is None else {}),
        }

    def _listed(self, session: Session) -> Updates:
        """The list of conversations if it may be another one. A thousand of them are not read twice a second."""
        now = (self.app_state.conversations_changed(), session.searched, session.conversation.id)
        if session.listed == now:
            return {}
        session.listed = now
        return self.conversations(session)

    def cancel(self) -> Updates:
        """Stop fetching a model, or put away what is said of the last fetch, for all tabs."""
        self.app_state.stop_fetching()
        return self.status(self.app_state.state)

    def closed(self, request: gr.Request) -> None:
        """Stop the work of a tab that was closed or lost its connection."""
        self.sessions.leave(request.session_hash or "")


def _remembered(text: str) -> tuple[str, str, list[str] | None]:
    """Return the tab, the conversation and the chosen documents that a browser remembers; nothing of nonsense."""
    try:
        known = json.loads(text)
        tab, conversation, selected = known.get("tab"), known["conversation"], known["selected"]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return "", "", None
    chosen = [one for one in selected if isinstance(one, str)] if isinstance(selected, list) else None
    tab, conversation = (one if isinstance(one, str) else "" for one in (tab, conversation))
    return tab, conversation, chosen
