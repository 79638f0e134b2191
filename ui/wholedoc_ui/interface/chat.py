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
from ..session import Session
from ..templating import esc
from .handlers import BUSY, IDLE, MODEL, QUICK, Handlers, Updates, acted, numbers, once, paced, phase
from .html import SEND

# Whoever types goes on typing: readings stay aside for so many seconds after a letter.
TYPING_S = 1.0


class ChatHandlers(Handlers):
    def bind(self) -> None:
        """Bind the events of this part. Call it inside gr.Blocks."""
        parts = self.parts.chat
        answering: list[Any] = list(self.parts.settings.answering)
        outputs = once(
            parts.chatbot,
            parts.question,
            parts.tab,
            self.parts.conversations.listed,
            *self.suggestions_outputs,
            *self.evidence_outputs,
        )
        # The browser shows the question at once, and empties the box before a person types on.
        shown = [parts.question, parts.sent, parts.chatbot]
        placed = self.places.waited_for
        asked = placed(self.ask, self.not_asked)
        sent = {"inputs": [parts.sent, parts.scope, *answering], "outputs": outputs, **MODEL}
        parts.question.submit(None, [parts.question, parts.chatbot], shown, js=SEND).then(asked, **sent)
        for button in parts.suggestions:
            button.click(None, [button, parts.chatbot], shown, js=SEND).then(asked, **sent)
        parts.answers.ask_again(placed(self.retry), answering, outputs, **MODEL)
        parts.answers.ask_other_way(placed(self.ask_other_way), answering, outputs, **MODEL)
        parts.answers.ask_corrected(placed(self.ask_corrected), answering, outputs, **MODEL)
        for changed in (parts.question.change, parts.scope.change):
            inputs = [parts.question, parts.scope, *answering]
            changed(self.expect, inputs, [parts.expected], trigger_mode="always_last", **QUICK)
        parts.question.stop(self.stop_asking, None, None, **QUICK)
        parts.chatbot.select(self.look_at, None, self.evidence_outputs, **QUICK)

    def ask(self, request: gr.Request, question: str, scope: str, *answering: Any) -> Iterator[Updates]:
        session = self.session(request)
        if not question.strip():
            yield gr.skip()  # a generator that yields nothing would empty its outputs
            return
        if self._is_busy(session):  # which the browser did not know when it emptied the box
            yield self.not_asked(request, question)
            return
        yield from self._ask(session, question, SCOPES[scope], *answering)

    def not_asked(self, request: gr.Request, question: str, *_: Any) -> Updates:
        """Put a question back into its box, which the browser has emptied, and take it out of the conversation."""
        session = self.session(request)
        box = gr.Textbox(value=question, **(BUSY if session.asking else IDLE))
        return {self.parts.chat.question: box, self.parts.chat.chatbot: messages(session)}

    def ask_other_way(self, event: gr.EventData, request: gr.Request, *answering: Any) -> Iterator[Updates]:
        """Ask again what was asked, everywhere instead of in one place or the other way round."""
        session, (index,) = self.session(request), numbers(event, 1)
        if self._is_busy(session) or not 0 <= index < len(session.exchanges):
            yield gr.skip()
            return
        one = session.exchanges[index]
        scope = Scope.EVERYWHERE if one.kind is None else Scope.ONE_PLACE
        yield from self._ask(session, one.standalone or one.question, scope, *answering)

    def ask_corrected(self, event: gr.EventData, request: gr.Request, *answering: Any) -> Iterator[Updates]:
        """Ask the question that a person wrote in the place of one that was rewritten, as it is."""
        session, (index,), text = self.session(request), numbers(event, 1), acted(event)["text"].strip()
        if not text or self._is_busy(session) or not 0 <= index < len(session.exchanges):
            yield gr.skip()
            return
        scope = Scope.ONE_PLACE if session.exchanges[index].kind is None else Scope.EVERYWHERE
        is_last = index == len(session.exchanges) - 1
        yield from self._ask(session, text, scope, *answering, stands_alone=True, replaces_last=is_last)

    def expect(self, request: gr.Request, question: str, scope: str, *answering: Any) -> str:
        """Say what a question to every part will take, while it is being typed."""
        try:
            settings = AnsweringChoices(*answering).applied(
                self.app_state.library.settings, self.app_state.library.clustered_heads
            )
        except Exception:  # which is said when it is asked
            return ""
        session = self.session(request)
        with self.app_state.courtesy.first(TYPING_S):
            return views.expected(chat.expected(self.app_state, session, question, settings, SCOPES[scope]))

    def _is_busy(self, session: Session) -> bool:
        """Return whether a question of this conversation is being answered, and tell so."""
        if session.asking is None and session.conversation.asking is None:
            return False
        gr.Warning("A question is being answered; stop it first, or wait.")
        return True

    def _ask(
        self,
        session: Session,
        question: str,
        scope: Scope,
        *answering: Any,
        stands_alone: bool = False,
        replaces_last: bool = False,
    ) -> Iterator[Updates]:
        parts = self.parts.chat
        try:
            library = self.app_state.library
            choices = AnsweringChoices(*answering)
            settings = choices.applied(library.settings, library.clustered_heads)
            if settings.scoring is ChunkScoring.SCAN:
                library.heads.find_in_background()  # does nothing where they are known
        except Exception as error:
            gr.Warning(esc(sentence(error)))
            yield {parts.question: gr.Textbox(value=question, **IDLE), parts.chatbot: messages(session)}
            return
        if replaces_last:
            chat.retry(session)
        conversation = session.conversation
        shown: tuple[Any, ...] = ()
        begun = False
        for exchange in paced(
            chat.ask(
                self.app_state,
                session,
                question,
                settings,
                library,
                scope,
                stands_alone=stands_alone,
                instructions=choices.instructions,
            ),
            phase,
        ):
            now = (exchange.evidence, session.view, session.shown)
            changed = self.evidence(session) if now != shown and session.shown is exchange else {}
            shown = now
            if not begun:
                begun = True
                changed |= {parts.question: gr.Textbox(**BUSY), **self.suggestions(session), **self.tab(session)}
            if session.conversation is conversation:
                yield {**self.chat(session), **changed}
        self.tell()
        done = {parts.question: gr.Textbox(**IDLE), **self.conversations(session), **self.tab(session)}
        yield {**done, **self.chat(session), **self.suggestions(session)}

    def retry(self, request: gr.Request, *answering: Any) -> Iterator[Updates]:
        """Ask the last question again, in the way in which it was asked."""
        session = self.session(request)
        if not session.exchanges or self._is_busy(session):
            yield gr.skip()
            return
        last = session.exchanges[-1]
        scope = Scope.ONE_PLACE if last.kind is None else Scope.EVERYWHERE
        yield from self._ask(session, last.question, scope, *answering, replaces_last=True)

    def stop_asking(self, request: gr.Request) -> None:
        work = self.session(request).asking
        if work is not None:
            work.stop()

    def look_at(self, event: gr.SelectData, request: gr.Request) -> Updates:
        """Show the evidence of the answer whose message was clicked."""
        session = self.session(request)
        index = event.index[0] if isinstance(event.index, list | tuple) else event.index
        if 0 <= index // 2 < len(session.exchanges) and session.exchanges[index // 2].evidence:
            evidence.show(session, session.exchanges[index // 2])
        return self.evidence(session)
