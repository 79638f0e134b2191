"""The page as a whole: a tab that opens or goes away, and what the program is doing."""

from __future__ import annotations

from typing import Any

import gradio as gr

from .handlers import QUICK, Handlers, Updates
from .html import ASSETS


class PageHandlers(Handlers):
    def bind(self, page: gr.Blocks) -> None:
        """Bind the events of the page. Call it inside gr.Blocks."""
        # Gradio forgets a closed tab an hour later, since it may come back until then. Then we forget it too.
        tab = gr.State(None, delete_callback=self.sessions.end)
        load_js = (ASSETS / "page.js").read_text(encoding="utf-8")
        page.load(self.opened, None, [tab, *self.shelf_outputs], **QUICK)
        watched = [*self.status_outputs, *self.shelf_outputs]
        page.load(self.watch, None, watched, **QUICK)
        self.parts.status.looked_at(self.watch, None, watched, **QUICK)
        self.parts.fetch.cancel.click(self.cancel, None, self.status_outputs, **QUICK)
        page.load(None, None, None, js=load_js)
        page.unload(self.closed)

    def opened(self, request: gr.Request) -> tuple[Any, ...]:
        """Show the shelf to a tab that was opened."""
        session = self.session(request)
        updates = self.shelf(session)
        return (request.session_hash, *(updates[part] for part in self.shelf_outputs))

    def cancel(self) -> Updates:
        """Stop fetching a model, or put away what is said of the last fetch, for all tabs."""
        self.app_state.stop_fetching()
        return self.status(self.app_state.state)

    def closed(self, request: gr.Request) -> None:
        """Stop the work of a tab that was closed or lost its connection."""
        self.sessions.stop(request.session_hash or "")
