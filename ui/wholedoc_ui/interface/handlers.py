"""What the handlers of all parts of the page share: the tab that asks, and updates that several of them send."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import gradio as gr

from wholedoc import Introduction, Kind

from .. import chat, conversations, evidence, found_views, shelf, suggestions, views
from ..answers.messages import messages
from ..app_state import AppState, ModelState, Phase
from ..choices import ReadingChoices
from ..models.fetching import FetchPhase
from ..session import Exchange, PageView, Session, Sessions
from ..templating import esc
from .components import Parts
from .places import Places
from .settings.parts import models_in_use

T = TypeVar("T")
Updates = dict[Any, Any]

# States that follow one another faster than this, in seconds, are not all sent to the browser.
PACE_S = 0.08
# No handler is offered to programs, which have the HTTP server.
HIDDEN: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
QUICK: dict[str, Any] = {**HIDDEN, "concurrency_limit": None}
# Handlers that use the model wait for one of the `places`, and not in Gradio's queue.
MODEL: dict[str, Any] = {**HIDDEN, "concurrency_limit": None}
# Every one of several quick clicks counts, in their order.
ORDERED: dict[str, Any] = {**HIDDEN, "concurrency_limit": 1, "trigger_mode": "multiple"}
# The question box while nothing is being answered, and while something is. Both leave what is typed in it.
IDLE: dict[str, Any] = {"submit_btn": "Ask", "stop_btn": False}
BUSY: dict[str, Any] = {"submit_btn": False, "stop_btn": "Stop"}


def session_of(sessions: Sessions, request: gr.Request) -> Session:
    """Return the tab that a request comes from."""
    return sessions.get(request.session_hash or "", request.client.host if request.client else "")


@dataclass(frozen=True)
class Handlers:
    """Handlers take the request, which identifies the tab, and return updates by component."""

    app_state: AppState
    sessions: Sessions
    parts: Parts
    places: Places

    def session(self, request: gr.Request) -> Session:
        """Return the tab that a request comes from."""
        return session_of(self.sessions, request)

    def tell(self) -> None:
        """Show the library's messages."""
        for notice in self.app_state.take_notices():
            gr.Info(esc(notice))

    # What the program is doing, and its models

    @property
    def status_outputs(self) -> list[Any]:
        parts = self.parts
        told = [parts.status, parts.fetch.told, parts.fetch.cancel, parts.chat.sends_to]
        return [*told, parts.models.named, parts.models.listed, *parts.settings.reading[:2]]

    def status(self, state: ModelState) -> Updates:
        """What the program is doing, and the models that it uses."""
        parts = self.parts
        running = state.fetch is not None and state.fetch.phase is FetchPhase.RUNNING
        writer, offers = self.app_state.writer, self.app_state.offers
        return {
            parts.status: views.status_line(state),
            parts.fetch.told: views.fetch(state.fetch),
            parts.fetch.cancel: gr.update(value="Cancel" if running else "Close", visible=state.fetch is not None),
            parts.chat.sends_to: views.sends_to(writer.sends_to if writer else None),
            parts.models.named: gr.update(label=models_in_use(self.app_state)),
            parts.models.listed: views.models(offers),
        }

    def names(self, session: Session) -> Updates:
        """The names of the models in the settings, if others are used than this tab was shown."""
        chosen = ReadingChoices.of(self.app_state.library.settings)
        now = (chosen.model, chosen.answer_model)
        if session.models_shown == now:
            return {}
        session.models_shown = now
        return dict(zip(self.parts.settings.reading, now, strict=False))

    # The shelf

    @property
    def shelf_outputs(self) -> list[Any]:
        return [self.parts.shelf.documents, self.parts.shelf.arrivals, *self.suggestions_outputs]

    @property
    def suggestions_outputs(self) -> list[Any]:
        chat = self.parts.chat
        return [chat.introduction, chat.asked, *chat.suggestions, self.parts.evidence.page]

    def shelf(self, session: Session) -> Updates:
        """The documents of the library, those on their way into it, and first questions."""
        shown = shelf.rows(self.app_state, self.sessions, session)
        return {
            self.parts.shelf.documents: views.shelf(shown),
            **self.arrivals(session),
            **self.suggestions(session),
        }

    def intake(self, session: Session) -> Updates:
        """Whether this tab reads something that can be stopped, and what waits for a password."""
        return {self.parts.shelf.stop: gr.update(visible=session.reading is not None), **self.locked(session)}

    def locked(self, session: Session) -> Updates:
        """A box for the password of the files that wait for one, named by them; nothing if none waits."""
        names = " and ".join(path.name for path in session.locked)
        return {
            self.parts.shelf.locked: gr.update(visible=bool(names)),
            self.parts.shelf.password: gr.update(label=f"Password of {names}"),
        }

    def arrivals(self, session: Session) -> Updates:
        return {self.parts.shelf.arrivals: views.arrivals(shelf.arrivals(self.sessions, session))}

    def suggestions(self, session: Session) -> Updates:
        """Name the documents that are asked next, open one, and offer questions."""
        texts = self._suggested(session)
        introduction = ""
        if not session.exchanges and session.selected and self.app_state.library.knows(session.selected[-1]):
            id = session.selected[-1]
            known = self.app_state.library.folder.notes.introduction(id)
            introduction = self._introduction(id, known)
        buttons = self.parts.chat.suggestions
        padded = [*texts, *[""] * (len(buttons) - len(texts))]
        offered = {
            button: gr.update(value=text, visible=bool(text)) for button, text in zip(buttons, padded, strict=True)
        }
        asked = views.asked_documents(chat.documents(self.app_state, session))
        told = {self.parts.chat.introduction: introduction, self.parts.chat.asked: asked}
        return {**told, **offered, **self.viewed(session)}

    def _suggested(self, session: Session) -> tuple[str, ...]:
        """First questions about the document that is asked next, or further ones about the last answer."""
        library = self.app_state.library
        if not session.exchanges:
            known = [id for id in session.selected[-1:] if library.knows(id)]
            one = known[0] if known else None
            return suggestions.suggest(library.document(one), library.folder.notes.introduction(one)) if one else ()
        answer = session.exchanges[-1].answer
        cited = [one.document_id for one in answer.citations if library.knows(one.document_id)] if answer else []
        if answer is None or not answer.found or not cited or session.conversation.asking is not None:
            return ()
        asked = [one.question for one in session.exchanges]
        notes = library.folder.notes.introduction(cited[0])
        return suggestions.suggest_next(library.document(cited[0]), notes, answer, asked)

    def _introduction(self, id: str, known: Introduction | None) -> str:
        """What is known of a document before the first question. Nothing is offered while the model is loaded."""
        app_state = self.app_state
        offered = app_state.state.phase is Phase.READY and app_state.library.can_ask_everywhere(Kind.SUMMARY)
        return views.introduction(id, known, app_state.introducer.state(id), offered)

    # The conversation

    @property
    def conversation_outputs(self) -> list[Any]:
        chat = self.parts.chat
        listed = self.parts.conversations.listed
        said = [chat.chatbot, chat.tab, listed]
        return once(*said, *self.shelf_outputs, *self.evidence_outputs)

    def conversation(self, session: Session) -> Updates:
        """A conversation that was opened: what was said, its documents and its evidence."""
        return {
            **self.chat(session),
            **self.tab(session),
            **self.conversations(session),
            **self.shelf(session),
            **self.evidence(session),
        }

    def chat(self, session: Session) -> Updates:
        """What was said."""
        session.said = saying(session)
        return {self.parts.chat.chatbot: messages(session)}

    def conversations(self, session: Session) -> Updates:
        """The list of conversations."""
        heads = conversations.listed(self.app_state, session)
        damaged = self.app_state.library.folder.conversations.damaged()
        searched = bool(session.searched.strip())
        listed = views.conversations(heads, session.conversation.id, damaged, searched, time.time())
        return {self.parts.conversations.listed: listed}

    def tab(self, session: Session) -> Updates:
        """What the browser remembers of this tab, so that it is here again after the page was loaded again."""
        conversation = session.conversation.id if session.exchanges else ""
        selected = session.selected if session.chose else None
        known = {"tab": session.id, "conversation": conversation, "selected": selected}
        return {self.parts.chat.tab: json.dumps(known)}

    # The evidence

    @property
    def evidence_outputs(self) -> list[Any]:
        parts = self.parts.evidence
        return [parts.strip, parts.citations, parts.page]

    def evidence(self, session: Session) -> Updates:
        """The strip, the citations and the page of the exchange that is shown."""
        shown = session.shown.evidence if session.shown else None
        known = [id for id in shown.document_ids if self.app_state.library.knows(id)] if shown else []
        documents = {id: self.app_state.library.document(id) for id in known}
        asked = {one.id: one.name for one in session.shown.documents} if session.shown else {}
        names = asked | {id: document.name for id, document in documents.items()}
        labels = {id: [page.label for page in document.pages] for id, document in documents.items()}
        if shown and shown.asked:
            drawn = found_views.found_pages(shown.items or shown.citations, names, labels, shown.answered)
        else:
            drawn = views.strip(shown.chunks, names, labels) if shown else ""
        return {self.parts.evidence.strip: drawn, **self.page(session)}

    def page(self, session: Session) -> Updates:
        parts = self.parts.evidence
        shown = session.shown.evidence if session.shown else None
        chosen, removed = evidence.chosen_citation(session), evidence.removed(self.app_state, session)
        return {parts.citations: views.citations(shown, chosen, removed), **self.viewed(session)}

    def viewed(self, session: Session) -> Updates:
        """What the viewer shows."""
        view = evidence.opened(self.app_state, session)
        cited = evidence.cited_pages(session, view.document_id) if isinstance(view, PageView) else []
        return {self.parts.evidence.page: views.opens(view, cited)}


def once(*components: Any) -> list[Any]:
    """Return the outputs of a handler, each once."""
    return list(dict.fromkeys(components))


def paced(states: Iterator[T], phase_of: Callable[[T], object]) -> Iterator[T]:
    """Yield only states that are at least PACE_S seconds apart, and always the last one and the first of a phase.

    Nobody knows how long a phase takes: until it ends, its first state would be held back.
    """
    sent = 0.0
    held: list[T] = []
    shown: object = object()
    for state in states:
        held = [state]
        if time.monotonic() - sent >= PACE_S or phase_of(state) != shown:
            shown = phase_of(state)
            yield held.pop()
            sent = time.monotonic()
    yield from held


def phase(exchange: Exchange) -> object:
    """Return what is the same while one thing is done for an answer."""
    return exchange.status.partition(":")[0], exchange.evidence is None, not exchange.text


def saying(session: Session) -> tuple[object, ...]:
    """Return what changes with what a conversation shows."""
    last = session.exchanges[-1] if session.exchanges else Exchange("")
    found = len(last.evidence.items) if last.evidence else 0
    return (session.conversation.id, len(session.exchanges), last.text, last.status, found, last.answer is None)


def acted(event: gr.EventData) -> dict[str, Any]:
    """Return what clicks.js sent, converted to the types that it promises."""
    data = event._data if isinstance(event._data, dict) else {}
    return {
        "id": str(data.get("id", "")),
        "index": int(data.get("index", -1)),
        "checked": data.get("checked") is True,
        "text": str(data.get("text", "")),
    }


def clicked(event: gr.EventData) -> str:
    """Return the value of the button that was clicked in an answer."""
    return str(acted(event)["id"])


def numbers(event: gr.EventData, count: int) -> list[int]:
    """Return the numbers in the value of the button that was clicked in an answer; -1 for each that is none."""
    texts = clicked(event).split(":")
    return [whole(text) for text in (*texts, *[""] * count)][:count]


def whole(text: str) -> int:
    """Return a number from 0 on that a text writes in digits; -1 if it does not."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else -1
