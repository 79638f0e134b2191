"""The chat: questions that are asked, stopped and asked again, and the conversation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gradio as gr

from parallelcomp import ChunkScoring
from wholedoc import Scope

from .. import chat, evidence, views
from ..answers.messages import messages
from ..app_state import sentence
from ..choices import SCOPES, AnsweringChoices
from ..cost import cost_of
from ..session import Exchange, Session
from ..templating import esc
from .handlers import HIDDEN, MODEL, QUICK, Handlers, Updates, numbers, paced


class ChatHandlers(Handlers):
    def bind(self) -> None:
        """Bind the events of this part. Call it inside gr.Blocks."""
        parts = self.parts.chat
        answering: list[Any] = list(self.parts.settings.answering)
        outputs = [parts.chatbot, parts.question, parts.cost, *self.evidence_outputs]
        parts.question.submit(self.ask, [parts.question, parts.scope, *answering], outputs, **MODEL, **HIDDEN)
        for button in parts.suggestions:
            button.click(self.ask, [button, parts.scope, *answering], outputs, **MODEL, **HIDDEN)
        for retried in (parts.retry.click, parts.chatbot.retry):
            retried(self.retry, [parts.scope, *answering], outputs, **MODEL, **HIDDEN)
        parts.answers.ask_other_way(self.ask_other_way, answering, outputs, **MODEL, **HIDDEN)
        parts.question.stop(self.stop_asking, None, None, **QUICK)
        for cleared in (parts.clear.click, parts.chatbot.clear):
            cleared(self.clear, None, outputs, **QUICK)
        parts.chatbot.select(self.look_at, None, self.evidence_outputs, **QUICK)

    def ask(self, request: gr.Request, question: str, scope: str, *answering: Any) -> Iterator[Updates]:
        yield from self._ask(self.session(request), question, SCOPES[scope], *answering)

    def ask_other_way(self, event: gr.EventData, request: gr.Request, *answering: Any) -> Iterator[Updates]:
        """Ask again what was asked, everywhere instead of in one place or the other way round."""
        session, (index,) = self.session(request), numbers(event, 1)
        if 0 <= index < len(session.exchanges):
            one = session.exchanges[index]
            scope = Scope.EVERYWHERE if one.kind is None else Scope.ONE_PLACE
            yield from self._ask(session, one.standalone or one.question, scope, *answering)

    def _ask(self, session: Session, question: str, scope: Scope, *answering: Any) -> Iterator[Updates]:
        parts = self.parts.chat
        if session.asking is not None:
            gr.Warning("A question is being answered; stop it first, or wait.")
            return
        if not question.strip():
            return
        try:
            library = self.app_state.library
            settings = AnsweringChoices(*answering).applied(library.settings, library.clustered_heads)
            if settings.scoring is ChunkScoring.SCAN:
                library.heads.find_in_background()  # does nothing where they are known
        except Exception as error:
            gr.Warning(esc(sentence(error)))
            return
        running = gr.Textbox(value="", submit_btn=False, stop_btn="Stop")
        yield {parts.question: running, parts.cost: ""}
        shown: tuple[Any, ...] = ()
        for exchange in paced(chat.ask(self.app_state, session, question, settings, library, scope)):
            now = (exchange.evidence, session.view, session.shown)
            changed = self.evidence(session) if now != shown and session.shown is exchange else {}
            shown = now
            yield {parts.chatbot: messages(session), **changed}
        self.tell()
        done = gr.Textbox(submit_btn="Ask", stop_btn=False)
        yield {parts.question: done, parts.cost: self._cost(session), parts.chatbot: messages(session)}

    def retry(self, request: gr.Request, scope: str, *answering: Any) -> Iterator[Updates]:
        session = self.session(request)
        if session.asking is not None:
            gr.Warning("A question is being answered; stop it first, or wait.")
            return
        yield from self._ask(session, chat.retry(session), SCOPES[scope], *answering)

    def stop_asking(self, request: gr.Request) -> None:
        work = self.session(request).asking
        if work is not None:
            work.stop()

    def clear(self, request: gr.Request) -> Updates:
        session = self.session(request)
        chat.clear(session)
        return {self.parts.chat.chatbot: [], self.parts.chat.cost: "", **self.evidence(session)}

    def look_at(self, event: gr.SelectData, request: gr.Request) -> Updates:
        """Show the evidence of the answer whose message was clicked."""
        session = self.session(request)
        index = event.index[0] if isinstance(event.index, list | tuple) else event.index
        if 0 <= index // 2 < len(session.exchanges) and session.exchanges[index // 2].evidence:
            evidence.show(session, session.exchanges[index // 2])
        return self.evidence(session)

    def _cost(self, session: Session) -> str:
        answered: list[Exchange] = [one for one in session.exchanges if one.answer]
        last = answered[-1].answer if answered else None
        return views.cost(cost_of(last, self.app_state.library.engine.spec.device)) if last else ""
