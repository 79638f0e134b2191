"""What happens when the page is used: binds the components' events to the logic, which knows no components."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import gradio as gr

from .. import chat, evidence, shelf, suggestions, views
from ..app_state import AppState, sentence
from ..choices import AnsweringChoices, ReadingChoices
from ..cost import cost_of
from ..export import to_markdown
from ..markdown import inert
from ..session import Exchange, Session, Sessions
from ..templating import esc
from .components import ASSETS, Parts

T = TypeVar("T")
Updates = dict[Any, Any]

# All handlers that use the model share one limit, which bounds the number of threads. Within it the library gives
# each caller short turns, so that a question does not wait until a whole document is read.
MODEL = {"concurrency_id": "model", "concurrency_limit": 8}
# States that follow one another faster than this, in seconds, are not all sent to the browser.
PACE_S = 0.08


class Wiring:
    """The page's handlers. Each takes the request, which identifies the tab, and returns updates by component."""

    def __init__(self, app_state: AppState, sessions: Sessions, parts: Parts) -> None:
        self.app_state = app_state
        self.sessions = sessions
        self.parts = parts

    def bind(self, page: gr.Blocks) -> None:
        """Bind all events. Call it inside gr.Blocks."""
        self._bind_page(page)
        self._bind_shelf()
        self._bind_chat()
        self._bind_evidence()
        self._bind_settings()

    # The page

    def _bind_page(self, page: gr.Blocks) -> None:
        # Gradio forgets a closed tab an hour later, since it may come back until then. Then we forget it too.
        tab = gr.State(None, delete_callback=self.sessions.end)
        load_js = (ASSETS / "page.js").read_text(encoding="utf-8")
        page.load(self.opened, None, [tab, *self._shelf_outputs()], **QUICK)
        page.load(self.watch, None, [self.parts.status, *self._shelf_outputs()], **QUICK)
        page.load(None, None, None, js=load_js)
        page.unload(self.closed)

    def opened(self, request: gr.Request) -> tuple[Any, ...]:
        """Show the shelf to a tab that was opened."""
        session = self._session(request)
        updates = self._shelf(session)
        return (request.session_hash, *(updates[part] for part in self._shelf_outputs()))

    def watch(self, request: gr.Request) -> Iterator[Updates]:
        """Show what the program is doing until it is ready."""
        session = self._session(request)
        shown: str | None = None
        for state in self.app_state.watch():
            updates = self._shelf(session)
            changed = updates if updates[self.parts.shelf.documents] != shown else {}
            shown = updates[self.parts.shelf.documents]
            yield {self.parts.status: views.status_line(state), **changed}
        self._tell()

    def closed(self, request: gr.Request) -> None:
        """Stop the work of a tab that was closed or lost its connection."""
        self.sessions.stop(request.session_hash or "")

    # The shelf

    def _bind_shelf(self) -> None:
        parts = self.parts.shelf
        intake = [parts.drop, parts.arrivals, parts.stop, parts.password, *self._shelf_outputs()]
        parts.drop.upload(self.take_in, [parts.drop], intake, **MODEL, **HIDDEN)
        parts.password.submit(self.unlock, [parts.password], intake, **MODEL, **HIDDEN)
        parts.documents.read_document(self.read_again, None, intake, **MODEL, **HIDDEN)
        parts.stop.click(self.stop_reading, None, None, **QUICK)
        parts.documents.choose_document(self.choose, None, list(self.parts.chat.suggestions), **ORDERED)
        parts.documents.remove_document(
            self.remove, None, [*self._shelf_outputs(), *self._evidence_outputs()], **QUICK
        )

    def _shelf_outputs(self) -> list[Any]:
        return [self.parts.shelf.documents, *self.parts.chat.suggestions]

    def _shelf(self, session: Session) -> Updates:
        shown = shelf.rows(self.app_state, self.sessions, session)
        return {self.parts.shelf.documents: views.shelf(shown), **self._suggestions(session)}

    def _suggestions(self, session: Session) -> Updates:
        """Offer first questions about the document that was chosen last; none if no document is."""
        texts: tuple[str, ...] = ()
        if session.selected and self.app_state.library.knows(session.selected[-1]):
            texts = suggestions.suggest(self.app_state.library.document(session.selected[-1]))
        buttons = self.parts.chat.suggestions
        padded = [*texts, *[""] * (len(buttons) - len(texts))]
        return {
            button: gr.Button(value=text, visible=bool(text)) for button, text in zip(buttons, padded, strict=True)
        }

    def take_in(self, uploads: list[str] | None, request: gr.Request) -> Iterator[Updates]:
        session = self._session(request)
        if session.reading is not None:
            gr.Info("These are read when the documents before them are.")
        yield from self._read(session, shelf.take_in(self.app_state, session, uploads or []))

    def unlock(self, password: str, request: gr.Request) -> Iterator[Updates]:
        session = self._session(request)
        yield from self._read(session, shelf.unlock(self.app_state, session, password))

    def read_again(self, event: gr.EventData, request: gr.Request) -> Iterator[Updates]:
        session = self._session(request)
        yield from self._read(session, shelf.read_again(self.app_state, session, _acted(event)["id"]))

    def _read(self, session: Session, work: Iterator[shelf.Arrivals]) -> Iterator[Updates]:
        parts = self.parts.shelf
        yield {parts.drop: None, parts.stop: gr.Button(visible=True), parts.password: gr.Textbox(visible=False)}
        for arrivals in paced(work):
            yield {parts.arrivals: views.arrivals(arrivals)}
        self._tell()
        yield {
            parts.stop: gr.Button(visible=False),
            parts.password: gr.Textbox(value="", visible=bool(session.locked)),
            **self._shelf(session),
        }

    def stop_reading(self, request: gr.Request) -> None:
        work = self._session(request).reading
        if work is not None:
            work.stop()

    def choose(self, event: gr.EventData, request: gr.Request) -> Updates:
        session, acted = self._session(request), _acted(event)
        shelf.choose(session, acted["id"], acted["checked"])
        return self._suggestions(session)

    def remove(self, event: gr.EventData, request: gr.Request) -> Updates:
        session = self._session(request)
        try:
            shelf.remove(self.app_state, self.sessions, session, _acted(event)["id"])
        except Exception as error:
            gr.Warning(esc(sentence(error)))
        return {**self._shelf(session), **self._evidence(session)}

    # The chat

    def _bind_chat(self) -> None:
        parts, answering = self.parts.chat, list(self.parts.settings.answering)
        outputs = [parts.chatbot, parts.question, parts.cost, *self._evidence_outputs()]
        parts.question.submit(self.ask, [parts.question, *answering], outputs, **MODEL, **HIDDEN)
        for button in parts.suggestions:
            button.click(self.ask, [button, *answering], outputs, **MODEL, **HIDDEN)
        for retried in (parts.retry.click, parts.chatbot.retry):
            retried(self.retry, answering, outputs, **MODEL, **HIDDEN)
        parts.question.stop(self.stop_asking, None, None, **QUICK)
        for cleared in (parts.clear.click, parts.chatbot.clear):
            cleared(self.clear, None, outputs, **QUICK)
        parts.chatbot.select(self.look_at, None, self._evidence_outputs(), **QUICK)
        saved = parts.export.click(self.export, None, [parts.exported], **QUICK)
        save_js = (ASSETS / "save.js").read_text(encoding="utf-8")
        saved.then(None, [parts.exported], None, js=save_js)

    def ask(self, request: gr.Request, question: str, *answering: Any) -> Iterator[Updates]:
        session, parts = self._session(request), self.parts.chat
        if session.asking is not None:
            gr.Warning("A question is being answered; stop it first, or wait.")
            return
        if not question.strip():
            return
        try:
            library = self.app_state.library
            settings = AnsweringChoices(*answering).applied(library.settings, library.clustered_heads)
        except Exception as error:
            gr.Warning(esc(sentence(error)))
            return
        running = gr.Textbox(value="", submit_btn=False, stop_btn="Stop")
        yield {parts.question: running, parts.cost: ""}
        shown: tuple[Any, ...] = ()
        for exchange in paced(chat.ask(self.app_state, session, question, settings)):
            now = (exchange.evidence, session.view, session.shown)
            changed = self._evidence(session) if now != shown and session.shown is exchange else {}
            shown = now
            yield {parts.chatbot: self._messages(session), **changed}
        self._tell()
        done = gr.Textbox(submit_btn="Ask", stop_btn=False)
        yield {parts.question: done, parts.cost: self._cost(session), parts.chatbot: self._messages(session)}

    def retry(self, request: gr.Request, *answering: Any) -> Iterator[Updates]:
        session = self._session(request)
        if session.asking is not None:
            gr.Warning("A question is being answered; stop it first, or wait.")
            return
        yield from self.ask(request, chat.retry(session), *answering)

    def stop_asking(self, request: gr.Request) -> None:
        work = self._session(request).asking
        if work is not None:
            work.stop()

    def clear(self, request: gr.Request) -> Updates:
        session = self._session(request)
        chat.clear(session)
        return {self.parts.chat.chatbot: [], self.parts.chat.cost: "", **self._evidence(session)}

    def look_at(self, event: gr.SelectData, request: gr.Request) -> Updates:
        """Show the evidence of the answer whose message was clicked."""
        session = self._session(request)
        index = event.index[0] if isinstance(event.index, list | tuple) else event.index
        if 0 <= index // 2 < len(session.exchanges) and session.exchanges[index // 2].evidence:
            evidence.show(session, session.exchanges[index // 2])
        return self._evidence(session)

    def export(self, request: gr.Request) -> str:
        session = self._session(request)
        if not session.exchanges:
            gr.Info("There is nothing to save yet.")
        return to_markdown(session.exchanges)

    def _messages(self, session: Session) -> list[dict[str, str]]:
        return [{**one, "content": inert(one["content"])} for one in chat.messages(session)]

    def _cost(self, session: Session) -> str:
        answered: list[Exchange] = [one for one in session.exchanges if one.answer]
        last = answered[-1].answer if answered else None
        return views.cost(cost_of(last, self.app_state.library.engine.spec.device)) if last else ""

    # The evidence

    def _bind_evidence(self) -> None:
        parts = self.parts.evidence
        outputs = self._evidence_outputs()
        parts.citations.open_citation(self._opener(evidence.open_citation), None, outputs, **ORDERED)
        parts.strip.open_chunk(self._opener(evidence.open_chunk), None, outputs, **ORDERED)
        steps: tuple[tuple[gr.Button, Callable[[Session], None]], ...] = (
            (parts.previous, lambda session: evidence.turn(self.app_state, session, -1)),
            (parts.following, lambda session: evidence.turn(self.app_state, session, 1)),
            (parts.smaller, lambda session: evidence.zoom(session, -1)),
            (parts.larger, lambda session: evidence.zoom(session, 1)),
        )
        for button, step in steps:
            button.click(self._stepper(step), None, outputs, **ORDERED)

    def _evidence_outputs(self) -> list[Any]:
        parts = self.parts.evidence
        return [parts.strip, parts.citations, parts.page, parts.tools]

    def _opener(self, open_one: Callable[[Session, int], None]) -> Callable[..., Updates]:
        def handler(event: gr.EventData, request: gr.Request) -> Updates:
            session = self._session(request)
            open_one(session, _acted(event)["index"])
            return self._page(session)

        return handler

    def _stepper(self, step: Callable[[Session], None]) -> Callable[..., Updates]:
        def handler(request: gr.Request) -> Updates:
            session = self._session(request)
            step(session)
            return self._page(session)

        return handler

    def _evidence(self, session: Session) -> Updates:
        """The strip, the citations and the page of the exchange that is shown."""
        shown = session.shown.evidence if session.shown else None
        known = [id for id in shown.document_ids if self.app_state.library.knows(id)] if shown else []
        documents = {id: self.app_state.library.document(id) for id in known}
        names = {id: document.name for id, document in documents.items()}
        labels = {id: [page.label for page in document.pages] for id, document in documents.items()}
        drawn = views.strip(shown.chunks, names, labels) if shown else ""
        return {self.parts.evidence.strip: drawn, **self._page(session)}

    def _page(self, session: Session) -> Updates:
        parts = self.parts.evidence
        shown = session.shown.evidence if session.shown else None
        page = evidence.shown_page(self.app_state, session)
        return {
            parts.citations: views.citations(shown, evidence.chosen_citation(session)),
            parts.page: views.page(page) if shown else "",
            parts.tools: gr.Row(visible=page is not None),
        }

    # Settings

    def _bind_settings(self) -> None:
        parts = self.parts.settings
        outputs = [parts.told, self.parts.status, *self._shelf_outputs()]
        parts.apply.click(self.apply, list(parts.reading), outputs, **MODEL, **HIDDEN)

    def apply(self, request: gr.Request, *reading: Any) -> Iterator[Updates]:
        """Apply the chosen reading settings, for all tabs."""
        told = self.parts.settings.told
        yield {told: views.told("Loading…")}
        try:
            self.app_state.change(ReadingChoices(*reading).applied(self.app_state.library.settings))
        except Exception as error:
            yield {told: views.told(f"Nothing was changed. {sentence(error)}")}
            return
        shown = self._shelf(self._session(request))
        yield {told: views.told("Done."), self.parts.status: views.status_line(self.app_state.state), **shown}

    def _tell(self) -> None:
        """Show the library's messages."""
        for notice in self.app_state.take_notices():
            gr.Info(esc(notice))

    def _session(self, request: gr.Request) -> Session:
        return self.sessions.get(request.session_hash or "")


# No handler is offered to programs, which have the HTTP server.
HIDDEN: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
QUICK: dict[str, Any] = {**HIDDEN, "concurrency_limit": None}
# Every one of several quick clicks counts, in their order.
ORDERED: dict[str, Any] = {**HIDDEN, "concurrency_limit": 1, "trigger_mode": "multiple"}


def paced(states: Iterator[T]) -> Iterator[T]:
    """Yield only states that are at least PACE_S seconds apart, and always the last one."""
    sent = 0.0
    held: list[T] = []
    for state in states:
        held = [state]
        if time.monotonic() - sent >= PACE_S:
            yield held.pop()
            sent = time.monotonic()
    yield from held


def _acted(event: gr.EventData) -> dict[str, Any]:
    """Return what clicks.js sent, converted to the types that it promises."""
    data = event._data if isinstance(event._data, dict) else {}
    return {
        "id": str(data.get("id", "")),
        "index": int(data.get("index", -1)),
        "checked": data.get("checked") is True,
    }
