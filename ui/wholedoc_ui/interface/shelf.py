"""The shelf: documents that are dropped, read, chosen and removed."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import gradio as gr

from .. import shelf
from ..app_state import sentence
from ..arriving import samples
from ..arriving.arrivals import Arrivals, Stage
from ..session import Session
from ..templating import esc
from .handlers import MODEL, ORDERED, PACE_S, QUICK, Handlers, Updates, acted, once


class ShelfHandlers(Handlers):
    def bind(self) -> None:
        """Bind the events of this part. Call it inside gr.Blocks."""
        parts = self.parts.shelf
        placed = self.places.waited_for
        locked = [parts.locked, parts.password]
        intake = [parts.drop, parts.stop, *locked, self.parts.chat.tab, *self.shelf_outputs]
        parts.drop.upload(placed(self.take_in), [parts.drop], intake, **MODEL)
        parts.samples.add_sample(placed(self.add_sample), None, intake, **MODEL)
        # Another password may be tried before the end of the work with the first.
        parts.password.submit(placed(self.unlock), [parts.password], intake, trigger_mode="multiple", **MODEL)
        parts.documents.read_document(placed(self.read_again), None, intake, **MODEL)
        parts.stop.click(self.stop_reading, None, None, **QUICK)
        chosen = [self.parts.chat.tab, *self.shelf_outputs]
        parts.documents.choose_document(self.choose, None, chosen, **ORDERED)
        parts.documents.choose_all(self.choose_all, None, chosen, **ORDERED)
        self.parts.chat.asked.leave_out(self.leave_out, None, chosen, **ORDERED)
        self.parts.chat.introduction.introduce(self.introduce, None, self.suggestions_outputs, **QUICK)
        self.parts.chat.introduction.stop_introducing(self.stop_introducing, None, None, **QUICK)
        parts.arrivals.ask_too(self.ask_too, None, chosen, **ORDERED)
        parts.arrivals.dismiss(self.dismiss, None, [*locked, *self.shelf_outputs], **ORDERED)
        parts.no_password.click(self.no_password, None, [*locked, *self.shelf_outputs], **ORDERED)
        removed = once(self.parts.chat.tab, *self.shelf_outputs, *self.evidence_outputs)
        parts.documents.remove_document(self.remove, None, removed, **QUICK)

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

    def add_sample(self, event: gr.EventData, request: gr.Request) -> Iterator[Updates]:
        """Add a document that comes along."""
        session = self.session(request)
        try:
            file = samples.copied(acted(event)["id"], self.app_state.uploads)
        except (KeyError, OSError) as error:
            gr.Warning(esc(f"The sample cannot be added: {error}"))
            yield gr.skip()
            return
        yield from self._read(session, shelf.take_in(self.app_state, session, [file]))

    def _read(self, session: Session, work: Iterator[Arrivals]) -> Iterator[Updates]:
        """Read in a thread, so that it goes on when the page is loaded again, and show how far it is."""
        parts = self.parts.shelf
        ended = threading.Event()

        def read() -> None:
            try:
                for _ in work:
                    pass
            finally:
                ended.set()

        threading.Thread(target=read, name="read", daemon=True).start()
        yield {parts.drop: None, parts.stop: gr.Button(visible=True), parts.password: gr.Textbox(value="")}
        shown: Updates = {}
        while not ended.wait(PACE_S):
            now = {**self.arrivals(session), **self.locked(session)}
            changed = {part: value for part, value in now.items() if shown.get(part) != value}
            shown = now
            if changed:
                yield changed
        self.tell()
        yield {**self.shelf(session), **self.intake(session), **self.tab(session)}

    def stop_reading(self, request: gr.Request) -> None:
        work = self.session(request).reading
        if work is not None:
            work.stop()

    def choose(self, event: gr.EventData, request: gr.Request) -> Updates:
        """Tick a document, or untick it. The box has changed already, so that the list is not drawn anew."""
        session, data = self.session(request), acted(event)
        shelf.choose(session, data["id"], data["checked"])
        return {**self.suggestions(session), **self.arrivals(session), **self.tab(session)}

    def choose_all(self, request: gr.Request) -> Updates:
        """Ask all documents together that have been read."""
        session = self.session(request)
        shelf.choose_all(self.app_state, session)
        return {**self.shelf(session), **self.tab(session)}

    def introduce(self, event: gr.EventData, request: gr.Request) -> Updates:
        """Have a document introduced in the background. How far that comes, every tab sees by following."""
        self.app_state.introducer.wish(acted(event)["id"])
        return self.suggestions(self.session(request))

    def stop_introducing(self, event: gr.EventData) -> None:
        self.app_state.introducer.stop(acted(event)["id"])

    def ask_too(self, event: gr.EventData, request: gr.Request) -> Updates:
        """Ask a document, too, that was read in the middle of a conversation."""
        session = self.session(request)
        shelf.choose(session, acted(event)["id"], selected=True)
        return {**self.shelf(session), **self.tab(session)}

    def leave_out(self, event: gr.EventData, request: gr.Request) -> Updates:
        """Ask a document no more that is named beside the question box."""
        session = self.session(request)
        shelf.choose(session, acted(event)["id"], selected=False)
        return {**self.shelf(session), **self.tab(session)}

    def dismiss(self, event: gr.EventData, request: gr.Request) -> Updates:
        session = self.session(request)
        shelf.dismiss(self.app_state, session, acted(event)["index"])
        return {**self.shelf(session), **self.locked(session)}

    def no_password(self, request: gr.Request) -> Updates:
        """Give up the files that wait for their password."""
        session = self.session(request)
        for one in session.arrivals:
            if one.stage is Stage.LOCKED:
                shelf.dismiss(self.app_state, session, one.key)
        return {**self.shelf(session), **self.locked(session)}

    def remove(self, event: gr.EventData, request: gr.Request) -> Updates:
        session = self.session(request)
        try:
            shelf.remove(self.app_state, self.sessions, session, acted(event)["id"])
        except Exception as error:
            gr.Warning(esc(sentence(error)))
        return {**self.shelf(session), **self.evidence(session), **self.tab(session)}
