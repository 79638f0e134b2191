"""The shelf: documents that are dropped, read, chosen and removed."""

from __future__ import annotations

from collections.abc import Iterator

import gradio as gr

from .. import shelf, views
from ..app_state import sentence
from ..session import Session
from ..templating import esc
from .handlers import HIDDEN, MODEL, ORDERED, QUICK, Handlers, Updates, acted, paced


class ShelfHandlers(Handlers):
    def bind(self) -> None:
        """Bind the events of this part. Call it inside gr.Blocks."""
        parts = self.parts.shelf
        intake = [parts.drop, parts.arrivals, parts.stop, parts.password, *self.shelf_outputs]
        parts.drop.upload(self.take_in, [parts.drop], intake, **MODEL, **HIDDEN)
        parts.password.submit(self.unlock, [parts.password], intake, **MODEL, **HIDDEN)
        parts.documents.read_document(self.read_again, None, intake, **MODEL, **HIDDEN)
        parts.stop.click(self.stop_reading, None, None, **QUICK)
        parts.documents.choose_document(self.choose, None, list(self.parts.chat.suggestions), **ORDERED)
        parts.documents.remove_document(self.remove, None, [*self.shelf_outputs, *self.evidence_outputs], **QUICK)

    def take_in(self, uploads: list[str] | None, request: gr.Request) -> Iterator[Updates]:
        session = self.session(request)
        if session.reading is not None:
            gr.Info("These are read when the documents before them are.")
        yield from self._read(session, shelf.take_in(self.app_state, session, uploads or []))

    def unlock(self, password: str, request: gr.Request) -> Iterator[Updates]:
        session = self.session(request)
        yield from self._read(session, shelf.unlock(self.app_state, session, password))

    def read_again(self, event: gr.EventData, request: gr.Request) -> Iterator[Updates]:
        session = self.session(request)
        yield from self._read(session, shelf.read_again(self.app_state, session, acted(event)["id"]))

    def _read(self, session: Session, work: Iterator[shelf.Arrivals]) -> Iterator[Updates]:
        parts = self.parts.shelf
        yield {parts.drop: None, parts.stop: gr.Button(visible=True), parts.password: gr.Textbox(visible=False)}
        for arrivals in paced(work):
            yield {parts.arrivals: views.arrivals(arrivals)}
        self.tell()
        yield {
            parts.stop: gr.Button(visible=False),
            parts.password: gr.Textbox(value="", visible=bool(session.locked)),
            **self.shelf(session),
        }

    def stop_reading(self, request: gr.Request) -> None:
        work = self.session(request).reading
        if work is not None:
            work.stop()

    def choose(self, event: gr.EventData, request: gr.Request) -> Updates:
        session, data = self.session(request), acted(event)
        shelf.choose(session, data["id"], data["checked"])
        return self.suggestions(session)

    def remove(self, event: gr.EventData, request: gr.Request) -> Updates:
        session = self.session(request)
        try:
            shelf.remove(self.app_state, self.sessions, session, acted(event)["id"])
        except Exception as error:
            gr.Warning(esc(sentence(error)))
        return {**self.shelf(session), **self.evidence(session)}
